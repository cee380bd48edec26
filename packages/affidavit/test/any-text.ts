// Texts of any characters, without the table of all of them that fast-check's unit 'binary' makes: more than a second, and hundreds of
// megabytes, in each process.

import fc from 'fast-check'

// ASCII with its controls, the rest of 16 bits, and beyond; no half of a surrogate pair.
const codePoint = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }),
  fc.integer({ min: 0x80, max: 0xd7ff }),
  fc.integer({ min: 0xe000, max: 0x10ffff }),
)

const character = codePoint.map((code) => String.fromCodePoint(code), codeOf)

// How fast-check finds the words that trouble programs (`__proto__`) among the characters.
function codeOf(text: unknown): number {
  const code = typeof text === 'string' ? text.codePointAt(0) : undefined
  if (code === undefined || text !== String.fromCodePoint(code)) throw new TypeError('one character was expected')
  return code
}

/** Its length is that of its characters, not of its UTF-16. */
export function anyText(
  constraints: { readonly minLength?: number; readonly maxLength?: number } = {},
): fc.Arbitrary<string> {
  return fc.string({ ...constraints, unit: character })
}
