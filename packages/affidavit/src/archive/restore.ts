// Archived records back into the database, byte for byte (spec/archive.md §5): on record before it is done. What stands there already is left
// as it is.

import { formatTimestamp } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { SEALED_CHUNK_BYTES } from '../formats/sealed.ts'
import { formatRuns, runsOf } from '../formats/seq-runs.ts'
import { isStub, parseStub } from '../formats/stub.ts'
import type { Archival } from '../ledger/archival.ts'
import { actorOf, type Operator } from '../ledger/operator.ts'
import { findEntry, readPages, recordOf } from '../ledger/read.ts'
import type { EntryFilter, ReturningEntry, StoredEntry } from '../ledger/store.ts'
import { DAY, DAYS_AT_HAND } from './at-hand.ts'

/** Records that come back in one transaction, and their bytes at most before the last one. */
const AT_ONCE = 200
const BYTES_AT_ONCE = 16_777_216

/**
 * Brings back what fits the filter; answers how many each time, as they come.
 * @param days for which no removal takes it out again
 * @throws LedgerError `archive-unavailable`, `archive-altered`, `removal-refused` (also where the role may not), and what recording throws
 */
export async function* restoreRecords(
  parts: Pick<Archival, 'rows' | 'store' | 'ledger' | 'record' | 'now'>,
  filter: EntryFilter,
  by: Operator,
  days: number = DAYS_AT_HAND,
): AsyncGenerator<number> {
  const { rows, ledger } = parts
  const order = { by, at_hand_until: formatTimestamp(parts.now() + days * DAY) }
  const mayRestore = await rows.mayRemove(ledger)
  let waiting: ReturningEntry[] = []
  let bytes = 0
  for await (const row of readPages(rows, ledger, filter)) {
    if (!isArchived(row)) continue
    // Nothing is on record as restored that is not.
    if (!mayRestore) throw restoreNotAllowed()
    const entry = await returning(parts, row.seq)
    waiting.push(entry)
    bytes +=
      entry.entry.length + entry.payloads.flatMap(({ chunks }) => chunks).reduce((sum, one) => sum + one.length, 0)
    if (waiting.length < AT_ONCE && bytes < BYTES_AT_ONCE) continue
    yield await bringBack(parts, waiting, order)
    waiting = []
    bytes = 0
  }
  if (waiting.length > 0) yield await bringBack(parts, waiting, order)
}

function isArchived({ entry }: StoredEntry): boolean {
  if (!isStub(entry)) return false
  const parsed = parseStub(entry)
  return 'stub' in parsed && parsed.stub.mark.state === 'archived'
}

async function returning(parts: Pick<Archival, 'store' | 'ledger'>, seq: number): Promise<ReturningEntry> {
  const whole = await findEntry(parts.store, parts.ledger, seq)
  if (whole === undefined) throw new RangeError(`there was a row for seq ${seq}`)
  return { seq, entry: whole.entry, payloads: await payloadsOf(parts, recordOf(whole)) }
}

const CHUNKS_AT_ONCE = 64

// What its bodies lack in the database, and what they do not: the store knows.
async function payloadsOf(
  { store, ledger }: Pick<Archival, 'store' | 'ledger'>,
  { content = [] }: AuditRecord,
): Promise<ReturningEntry['payloads']> {
  const payloads: { blob_id: string; chunks: readonly Uint8Array[] }[] = []
  for (const { blob_id, sealed_size } of new Map(content.map((one) => [one.blob_id, one])).values()) {
    const payload = await store.payload(ledger, blob_id)
    if (payload === undefined) continue
    const chunks = [payload.sealed]
    const count = Math.ceil(sealed_size / SEALED_CHUNK_BYTES)
    while (chunks.length < count) {
      const more = await store.chunks(ledger, blob_id, chunks.length, CHUNKS_AT_ONCE)
      if (more.length === 0) break
      chunks.push(...more)
    }
    payloads.push({ blob_id, chunks })
  }
  return payloads
}

async function bringBack(
  { rows, ledger, record }: Pick<Archival, 'rows' | 'ledger' | 'record'>,
  entries: readonly ReturningEntry[],
  { by, at_hand_until }: { readonly by: Operator; readonly at_hand_until: string },
): Promise<number> {
  const seqs = formatRuns(runsOf(entries.map(({ seq }) => seq)))
  await record({
    action: 'records_restored',
    outcome: 'success',
    ...actorOf(by),
    data_classification: 'internal',
    details: { seqs, records: entries.length, at_hand_until },
  })
  return rows.bringBack(ledger, entries)
}

function restoreNotAllowed(): LedgerError {
  return new LedgerError('removal-refused', {
    problem: 'the role by which the database is opened may bring no record back into it; nothing was changed',
    cure: 'open it as the role of retention: affidavit migrate --retention ROLE, run as the owner, gives the right',
  })
}
