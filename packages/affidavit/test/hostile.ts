// Hostile input for parsers: arbitrary bytes, and bytes that were right until somebody edited them.

import fc from 'fast-check'

type Edit = { readonly at: number; readonly remove: number; readonly insert: Uint8Array }

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(),
  remove: fc.integer({ min: 0, max: 12 }),
  insert: fc.oneof(
    fc.uint8Array({ maxLength: 6 }),
    fc.constantFrom('\n', '\n\n', ' ', '+', '=', '0', '\u2014 ', '\r', '\0', '\u00a0').map((text) => Buffer.from(text)),
  ),
})

/** Bytes around what a parser accepts: one of `good`, edited up to three times, or nothing like it. */
export function hostileBytes(good: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const edited = fc
    .tuple(fc.constantFrom(...good), fc.array(edit, { maxLength: 3 }))
    .map(([bytes, edits]) => edits.reduce(apply, bytes))
  return fc.oneof({ weight: 4, arbitrary: edited }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) })
}

function apply(bytes: Uint8Array, { at, remove, insert }: Edit): Uint8Array {
  const from = at % (bytes.length + 1)
  return Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)])
}
