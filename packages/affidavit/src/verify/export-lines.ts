// Reading lines from a file of any size and shape, in memory of one piece and one line.

import { createHash } from 'node:crypto'
import { fstatSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import type { ListedFile } from '../formats/export.ts'
import { MAX_ENTRY_BYTES } from '../formats/fields.ts'

export interface Line {
  /** Without its newline; `undefined` where the line is longer than an entry can be. Valid until the next line. */
  readonly bytes: Uint8Array | undefined
  /** From 1. */
  readonly number: number
  /** Of its first byte in the file. */
  readonly offset: number
}

export interface ReadLines extends ListedFile {
  /** `cut`: the file does not end with a newline. `beyond`: it goes on behind what was read. */
  readonly end: 'newline' | 'cut' | 'beyond'
}

const PIECE_BYTES = 1_048_576
const NEWLINE = 0x0a

/** Hands on line after line; between two pieces other work gets its turn. Stops soon after `limit` bytes. */
export async function readLines(file: FileHandle, limit: number, take: (line: Line) => void): Promise<ReadLines> {
  const digest = createHash('sha256')
  const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, fstatSync(file.fd).size + 1))
  let begun: Uint8Array | undefined = new Uint8Array()
  let number = 1
  let offset = 0
  let bytes = 0
  for (;;) {
    const { bytesRead } = await file.read(piece, 0, piece.length)
    if (bytesRead === 0) break
    if (bytes >= limit) {
      if (begun === undefined) take({ bytes: undefined, number, offset })
      return { bytes, sha256: digest.digest('hex'), end: 'beyond' }
    }
    const read = piece.subarray(0, bytesRead)
    digest.update(read)
    let from = 0
    for (let end = read.indexOf(NEWLINE); end !== -1; end = read.indexOf(NEWLINE, from)) {
      take({ bytes: joined(begun, read.subarray(from, end)), number, offset })
      begun = new Uint8Array()
      from = end + 1
      number++
      offset = bytes + from
    }
    begun = joined(begun, Uint8Array.from(read.subarray(from)))
    bytes += bytesRead
  }
  const end = offset === bytes ? 'newline' : 'cut'
  if (end === 'cut') take({ bytes: begun, number, offset })
  return { bytes, sha256: digest.digest('hex'), end }
}

function joined(begun: Uint8Array | undefined, more: Uint8Array): Uint8Array | undefined {
  if (begun === undefined || begun.length + more.length > MAX_ENTRY_BYTES) return undefined
  return begun.length === 0 ? more : Buffer.concat([begun, more])
}
