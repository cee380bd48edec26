// Standard base64 with padding (RFC 4648 §4), canonical: unused bits are zero, no white space, no URL alphabet.
// Buffer.from(text, 'base64') never refuses, so every decoded value is encoded again and compared.

/** Standard base64 with padding. */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** The bytes of canonical base64; `undefined` where another spelling, or no base64 at all, was given. */
export function fromBase64(text: string): Uint8Array | undefined {
  const decoded = Buffer.from(text, 'base64')
  return decoded.toString('base64') === text ? Uint8Array.from(decoded) : undefined
}
