// Gzip as a stream that gives up nothing before the place where it breaks.

import { constants, createGunzip } from 'node:zlib'

/**
 * Small, because what zlib has unpacked of the very piece that turns out to be corrupt is lost; and because a piece can
 * grow a thousandfold.
 */
const PIECE_BYTES = 1024
/** Checksum and length at the end of a member (RFC 1952 §2.3.1): handed in alone, so that a wrong one costs no data. */
const TRAILER_BYTES = 8

/**
 * The unpacked bytes; concatenated members are one stream. Throws zlib's error (`Z_BUF_ERROR` for a file that ends too
 * early) after everything before the fault was yielded, but for the piece that holds it.
 */
export async function* gunzip(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Each piece is flushed: otherwise bytes that are unpacked already would wait inside zlib for more.
  const stream = createGunzip({ flush: constants.Z_SYNC_FLUSH })
  const unpacked: Uint8Array[] = []
  stream.on('data', (bytes: Uint8Array) => unpacked.push(bytes))
  const failed = new Promise<never>((_, reject) => stream.on('error', reject))
  failed.catch(() => undefined)
  try {
    for await (const piece of pieces(packed)) {
      await Promise.race([failed, new Promise((done) => stream.write(piece, done))])
      yield* unpacked.splice(0)
    }
    const ended = new Promise((done) => stream.on('end', done))
    stream.end()
    await Promise.race([failed, ended])
    yield* unpacked.splice(0)
  } catch (error) {
    yield* unpacked.splice(0)
    throw error
  } finally {
    stream.destroy()
  }
}

async function* pieces(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0)
  for await (const chunk of packed) {
    const bytes = Buffer.concat([held, chunk])
    const end = Math.max(bytes.length - TRAILER_BYTES, 0)
    for (let at = 0; at < end; at += PIECE_BYTES) yield bytes.subarray(at, Math.min(at + PIECE_BYTES, end))
    held = bytes.subarray(end)
  }
  if (held.length > 0) yield held
}
