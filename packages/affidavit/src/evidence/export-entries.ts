// The entries of an export: exact bytes, one a line, in the order of seq.

import { equalBytes } from '../bytes/compare.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { destroyedLine } from '../formats/destroyed-line.ts'
import { asksForAll, type ExportQuery } from '../formats/export.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { readDestroyed } from '../ledger/read-destroyed.ts'
import type { StoredEntry } from '../ledger/store.ts'
import { leafHash } from '../merkle/hash.ts'
import type { FolderDraft, WrittenFile } from './build-folder.ts'

export interface ExportedEntries {
  readonly file: WrittenFile
  /** Lines, those of destroyed entries included. */
  readonly count: number
  /** How many of them are of destroyed entries; nothing where none is, or a filter was given. */
  readonly destroyed?: number
  /** Empty where no entry fits. */
  readonly range: { readonly first_seq?: number; readonly last_seq?: number }
}

interface EntriesToWrite {
  readonly query: ExportQuery
  /** Entries from here on are newer than the checkpoint. */
  readonly size: number
  readonly onProgress: ((done: number, total: number) => void) | undefined
  readonly signal: AbortSignal | undefined
}

const NEWLINE = Uint8Array.of(0x0a)
/** Entries between two reports of progress. */
const STEP = 1_000

/**
 * Writes `entries.jsonl`.
 * @throws LedgerError `store-corrupt` where stored bytes are not what was hashed: such an export could not be verified
 */
export async function writeEntries(
  ledger: Ledger,
  folder: FolderDraft,
  { query, size, onProgress, signal }: EntriesToWrite,
): Promise<ExportedEntries> {
  const out = await folder.create('entries.jsonl')
  const isWhole = asksForAll(query)
  let [count, destroyed] = [0, 0]
  let range: ExportedEntries['range'] = {}
  const until_seq = Math.min(query.until_seq ?? size, size)

  async function put(seq: number, line: Uint8Array): Promise<void> {
    signal?.throwIfAborted()
    await out.append(line)
    range = { first_seq: range.first_seq ?? seq, last_seq: seq }
    count++
    if (count % STEP === 0) onProgress?.(count, size)
  }

  async function putDestroyed(until: number): Promise<void> {
    for await (const gone of readDestroyed(ledger.archival, count, until)) {
      await put(gone.seq, Buffer.concat([destroyedLine(gone), NEWLINE]))
      destroyed++
    }
  }

  for await (const stored of ledger.entries({ ...query, until_seq })) {
    if (isWhole && stored.seq > count) await putDestroyed(stored.seq)
    await put(stored.seq, lineOf(stored))
  }
  onProgress?.(count, count)
  return { file: await out.close(), count, range, ...(destroyed === 0 ? {} : { destroyed }) }
}

/** An entry's bytes as a line. */
export function lineOf({ seq, entry, nodes }: StoredEntry): Uint8Array {
  if (!equalBytes(leafHash(entry), nodes.subarray(0, HASH_BYTES))) {
    throw new LedgerError('store-corrupt', {
      problem: `the entry at seq ${seq} does not have the hash it was stored with; nothing was exported`,
      cure: 'keep the file as evidence and run affidavit verify: it says what was changed',
    })
  }
  return Buffer.concat([entry, NEWLINE])
}
