// Lower-case hexadecimal, one spelling per value: what we print is the only thing we read back.

/** Lower-case hex of `bytes`, two characters a byte. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

// Indexed by character code. Verification asks this of every hash of every entry; a regular expression costs thrice as much.
const IS_DIGIT: readonly boolean[] = Array.from({ length: 128 }, (_, code) =>
  /[0-9a-f]/.test(String.fromCharCode(code)),
)

/** Whether `text` is that many lower-case hex digits. */
export function isHex(text: string, digits: number): boolean {
  if (text.length !== digits) return false
  for (let i = 0; i < digits; i++) if (IS_DIGIT[text.charCodeAt(i)] !== true) return false
  return true
}

/** The bytes of a lower-case hex string of even length; `undefined` for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !isHex(text, text.length)) return undefined
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
