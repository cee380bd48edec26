// Entries that leave stubs in their rows, and come back (spec/stubs.md §2): read behind the lock of the head, judged by
// ledger/leaving.ts, and written by the functions that the role of retention may use (schema/0002.sql).

import { type Exchanged, notWhole, overtaken, planLeaving, planMoving, planReturning } from '../../ledger/leaving.ts'
import type { Move, Removal, ReturningEntry, StoredEntry } from '../../ledger/store.ts'
import { integerColumn, type PgResult, type Statement, textColumn } from './database.ts'
import { storedEntry } from './read.ts'

interface Decided {
  readonly value: number
  readonly writes: readonly Statement[]
}

/** What a removal is judged by, behind the lock: the rows, how far the ledger reaches, and what was recorded since. */
export function removalReads(ledgerNo: number, { entries, judged }: Removal): Statement[] {
  return [
    selectRows(
      ledgerNo,
      entries.map(({ seq }) => seq),
    ),
    {
      // In the order of one index alone, so that no plan, whenever it was made, goes through the ledger.
      text: `SELECT wanted AS action, t.seq FROM unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
        SELECT e.seq FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.action = wanted AND e.seq >= $3 ORDER BY e.seq LIMIT 1) t`,
      values: [ledgerNo, [...judged.unless], judged.size],
    },
  ]
}

export function decideRemoval(
  ledgerNo: number,
  removal: Removal,
  [head, rows, since]: readonly (PgResult | undefined)[],
): Decided {
  const changed = planLeaving(removal, integerColumn(head?.rows[0], 'size') - 1, rowsOf(rows))
  const [newer] = changed.length === 0 ? [] : (since?.rows ?? [])
  if (newer !== undefined) throw overtaken(textColumn(newer, 'action'), integerColumn(newer, 'seq'))
  return { value: changed.length, writes: exchange(ledgerNo, changed) }
}

/** Of the role that asks. */
export const selectMayRemove: Statement = {
  text: `SELECT has_function_privilege('affidavit.exchange_entries(bigint, bigint[], bytea[])', 'EXECUTE') AS may`,
  values: [],
}

export function returnReads(ledgerNo: number, entries: readonly ReturningEntry[]): Statement[] {
  const seqs = entries.map(({ seq }) => seq)
  return [
    selectRows(ledgerNo, seqs),
    {
      text: `SELECT u.seq, u.blob_id FROM affidavit.payload_uses u JOIN affidavit.payloads p ON p.ledger_no = u.ledger_no AND p.blob_id = u.blob_id
        WHERE u.ledger_no = $1 AND u.seq = ANY ($2::bigint[]) AND octet_length(p.sealed) = 0`,
      values: [ledgerNo, seqs],
    },
  ]
}

export function decideReturn(
  ledgerNo: number,
  entries: readonly ReturningEntry[],
  [, rows, lacking]: readonly (PgResult | undefined)[],
): Decided {
  const changed = planReturning(entries, rowsOf(rows))
  const back = new Set(changed.map(({ seq }) => seq))
  const brought = new Map(entries.flatMap(({ payloads }) => payloads.map(({ blob_id, chunks }) => [blob_id, chunks])))
  const hollow = new Set(
    (lacking?.rows ?? []).flatMap((row) => (back.has(integerColumn(row, 'seq')) ? [textColumn(row, 'blob_id')] : [])),
  )
  const filled = [...hollow].map((blob_id) => {
    const chunks = brought.get(blob_id) ?? []
    if (chunks.length === 0) throw notWhole(blob_id)
    return { text: 'SELECT affidavit.fill_payload($1, $2, $3)', values: [ledgerNo, blob_id, [...chunks]] }
  })
  return { value: changed.length, writes: [...filled, ...exchange(ledgerNo, changed)] }
}

export function moveReads(ledgerNo: number, { entries }: Move): Statement[] {
  return [
    selectRows(
      ledgerNo,
      entries.map(({ seq }) => seq),
    ),
  ]
}

export function decideMove(ledgerNo: number, move: Move, [, rows]: readonly (PgResult | undefined)[]): Decided {
  const moved = planMoving(move, rowsOf(rows))
  const left = moved.map(({ seq, stub }) => ({ seq, entry: stub }))
  return { value: moved.length, writes: [...exchange(ledgerNo, moved), ...exchange(ledgerNo, left)] }
}

function selectRows(ledgerNo: number, seqs: readonly number[]): Statement {
  return {
    text: 'SELECT e.seq, e.entry, e.nodes FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.seq = ANY ($2::bigint[])',
    values: [ledgerNo, [...seqs]],
  }
}

function rowsOf(answer: PgResult | undefined): (seq: number) => StoredEntry | undefined {
  const rows = new Map((answer?.rows ?? []).map((row) => storedEntry(row)).map((entry) => [entry.seq, entry]))
  return (seq) => rows.get(seq)
}

function exchange(ledgerNo: number, changed: readonly Exchanged[]): Statement[] {
  if (changed.length === 0) return []
  const values = [ledgerNo, changed.map(({ seq }) => seq), changed.map(({ entry }) => entry)]
  return [{ text: 'SELECT affidavit.exchange_entries($1, $2, $3)', values }]
}
