// The entries of an export: exact bytes, one a line, in the order of seq.

import { equalBytes } from '../bytes/compare.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { ExportQuery } from '../formats/export.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { StoredEntry } from '../ledger/store.ts'
import { leafHash } from '../merkle/hash.ts'
import type { FolderDraft, WrittenFile } from './build-folder.ts'

export interface ExportedEntries {
  readonly file: WrittenFile
  readonly count: number
  /** Empty where no entry fits. */
  readonly range: { readonly first_seq?: number; readonly last_seq?: number }
}

interface EntriesToWrite {
  readonly query: ExportQuery
  /** Entries from here on are newer than the checkpoint. */
  readonly size: number
  readonly onProgress: ((done: number, total: number) => void) | undefined
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
  { query, size, onProgress }: EntriesToWrite,
): Promise<ExportedEntries> {
  const out = await folder.create('entries.jsonl')
  let count = 0
  let range: ExportedEntries['range'] = {}
  const until_seq = Math.min(query.until_seq ?? size, size)
  for await (const stored of ledger.entries({ ...query, until_seq })) {
    await out.append(lineOf(stored))
    range = { first_seq: range.first_seq ?? stored.seq, last_seq: stored.seq }
    count++
    if (count % STEP === 0) onProgress?.(count, size)
  }
  onProgress?.(count, count)
  return { file: await out.close(), count, range }
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
