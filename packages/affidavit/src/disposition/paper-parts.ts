// Papers in the ledger itself (spec/disposition.md §5): packed, in parts that fit into the details of records, so that they are below
// its checkpoints, in its backups, and read without its keys.

import { deflateRawSync, inflateRawSync } from 'node:zlib'

import { fromBase64, toBase64 } from '../bytes/base64.ts'

/** `details` of `records_disposed` that hold a part of a paper. */
export interface PaperPart {
  readonly phase: 'paper'
  /** Of the whole, with the prefix of its kind. */
  readonly sha256: string
  /** From 0. */
  readonly part: number
  readonly parts: number
  /** Base64 of a piece of the paper, packed by DEFLATE (RFC 1951). */
  readonly packed: string
}

/** An entry has at most 65,535 bytes. */
const PART_BYTES = 33_000
const MAX_PAPER_BYTES = 2 ** 25

/** The parts of a paper, in their order. */
export function partsOf(paper: Uint8Array, sha256: string): readonly PaperPart[] {
  const packed = deflateRawSync(paper)
  const parts = Math.ceil(packed.length / PART_BYTES)
  return Array.from({ length: parts }, (_, part) => {
    const piece = packed.subarray(part * PART_BYTES, (part + 1) * PART_BYTES)
    return { phase: 'paper', sha256, part, parts, packed: toBase64(piece) }
  })
}

/** The paper; `undefined` where parts are missing, or are of none. Whoever reads it holds it against its digest. */
export function paperOf(parts: Iterable<PaperPart>): Uint8Array | undefined {
  const pieces: Uint8Array[] = []
  let wanted = 1
  for (const { part, parts: all, packed } of [...parts].sort((one, other) => one.part - other.part)) {
    const piece = fromBase64(packed)
    if (piece === undefined || part !== pieces.length) return undefined
    pieces.push(piece)
    wanted = all
  }
  return pieces.length === wanted ? unpack(Buffer.concat(pieces)) : undefined
}

function unpack(packed: Uint8Array): Uint8Array | undefined {
  try {
    return Uint8Array.from(inflateRawSync(packed, { maxOutputLength: MAX_PAPER_BYTES }))
  } catch (error) {
    if (isZlibError(error)) return undefined
    throw error
  }
}

// A buffer that would be too large is told as a range.
function isZlibError(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' && (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE')
}
