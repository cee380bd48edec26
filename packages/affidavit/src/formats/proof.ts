// Proof files (c2sp.org/tlog-proof, `c2sp.org/tlog-proof@v1`; spec/proof.md §1): that an entry is in a log, in one file
// that needs nothing else but pinned keys. Text only: checking the hashes and the checkpoint is verify's.

import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { parseDecimal } from '../bytes/decimal.ts'
import { decodeUtf8, utf8 } from '../bytes/text.ts'
import { HASH_BYTES, type Hash } from '../crypto/sha256.ts'

const HEADER = 'c2sp.org/tlog-proof@v1'
/** A tree of 2^63 leaves needs no more. */
const MAX_HASHES = 63

export interface ProofFile {
  /** Data of the application that nothing signs: a hint, never evidence. Empty where the file has none. */
  readonly extra: Uint8Array
  /** Position of the entry in the log, from 0. */
  readonly index: number
  /** Leaf's sibling first, root's child last. */
  readonly hashes: readonly Hash[]
  /** The signed note, verbatim: for openCheckpoint. */
  readonly checkpoint: Uint8Array
}

/** Why bytes are no proof file. Lines count from 1. */
export type ProofFileFault =
  | { readonly code: 'proof-file-not-utf8' }
  | { readonly code: 'proof-file-header' }
  | { readonly code: 'proof-file-extra' }
  | { readonly code: 'proof-file-index' }
  | { readonly code: 'proof-file-hash'; readonly line: number }
  | { readonly code: 'proof-file-too-many-hashes'; readonly limit: number }
  | { readonly code: 'proof-file-no-checkpoint' }

/** Reads a proof file. Strict: `formatProofFile` gives the same bytes again. */
export function parseProofFile(bytes: Uint8Array): ProofFile | ProofFileFault {
  const text = decodeUtf8(bytes)
  if (text === undefined) return { code: 'proof-file-not-utf8' }
  // Before the first empty line stands the proof, after it the checkpoint, which has empty lines of its own.
  const blank = text.indexOf('\n\n')
  if (!text.startsWith(`${HEADER}\n`)) return { code: 'proof-file-header' }
  if (blank === -1 || blank + 2 === text.length) return { code: 'proof-file-no-checkpoint' }
  const lines = text.slice(0, blank).split('\n', MAX_HASHES + 4)
  const extra = parseExtra(lines[1])
  if (extra === undefined) return { code: 'proof-file-extra' }
  const indexAt = extra.length === 0 ? 1 : 2
  const index = parseIndex(lines[indexAt])
  if (index === undefined) return { code: 'proof-file-index' }
  const hashes = parseHashes(lines, indexAt + 1)
  if ('code' in hashes) return hashes
  return { extra, index, hashes, checkpoint: utf8(text.slice(blank + 2)) }
}

// An extra line of no bytes is refused: a file without extra data has no such line.
function parseExtra(line: string | undefined): Uint8Array | undefined {
  if (line?.startsWith('extra ') !== true) return new Uint8Array()
  const extra = fromBase64(line.slice('extra '.length))
  return extra?.length === 0 ? undefined : extra
}

function parseIndex(line: string | undefined): number | undefined {
  return line?.startsWith('index ') === true ? parseDecimal(line.slice('index '.length)) : undefined
}

function parseHashes(lines: readonly string[], from: number): Hash[] | ProofFileFault {
  if (lines.length - from > MAX_HASHES) return { code: 'proof-file-too-many-hashes', limit: MAX_HASHES }
  const hashes: Hash[] = []
  for (const line of lines.slice(from)) {
    const hash = fromBase64(line)
    if (hash?.length !== HASH_BYTES) return { code: 'proof-file-hash', line: from + hashes.length + 1 }
    hashes.push(hash)
  }
  return hashes
}

/**
 * The proof file as text. By custom its name ends in `.tlog-proof`.
 * @throws RangeError where parseProofFile would not give back the same proof
 */
export function formatProofFile({ extra, index, hashes, checkpoint }: ProofFile): string {
  const note = decodeUtf8(checkpoint)
  if (note === undefined || note === '') throw new RangeError('a checkpoint is text, and not empty')
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError(`${index} is no index of an entry`)
  if (hashes.length > MAX_HASHES) throw new RangeError(`a proof has at most ${MAX_HASHES} hashes`)
  if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw new RangeError(`a hash has ${HASH_BYTES} bytes`)
  const extraLines = extra.length === 0 ? [] : [`extra ${toBase64(extra)}`]
  return [HEADER, ...extraLines, `index ${index}`, ...hashes.map(toBase64), '', note].join('\n')
}
