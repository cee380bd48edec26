// UTF-8 text: decoding refuses what is not valid UTF-8 instead of replacing it.

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 bytes of `text`. The caller makes sure that it holds no lone surrogate (`isWellFormed`). */
export function utf8(text: string): Uint8Array {
  return Buffer.from(text, 'utf8')
}

/** The text of valid UTF-8 bytes, a byte order mark kept as it is; `undefined` for invalid UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

/** How many characters a text has: a pair of surrogates is one. */
export function countCharacters(text: string): number {
  let count = text.length
  for (let at = 1; at < text.length; at++) {
    if (isIn(text.charCodeAt(at), 0xdc00) && isIn(text.charCodeAt(at - 1), 0xd800)) count--
  }
  return count
}

function isIn(unit: number, first: number): boolean {
  return unit >= first && unit < first + 0x400
}
