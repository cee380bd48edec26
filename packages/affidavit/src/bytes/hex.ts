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

// Indexed by character code, for the hot loop of verification: what is no digit is 0 here.
const VALUE: Uint8Array = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16)
  return Number.isNaN(value) ? 0 : value
})

/** The bytes of what is known to be lower-case hex of even length. */
export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = ((VALUE[hex.charCodeAt(2 * i)] ?? 0) << 4) | (VALUE[hex.charCodeAt(2 * i + 1)] ?? 0)
  }
  return bytes
}

/** The bytes of a lower-case hex string of even length; `undefined` for anything else. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !isHex(text, text.length)) return undefined
  return Uint8Array.from(Buffer.from(text, 'hex'))
}
