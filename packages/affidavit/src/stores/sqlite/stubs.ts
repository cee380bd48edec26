// Entries that leave stubs in their rows, and come back (spec/stubs.md §2): inside the write transaction, as ledger/leaving.ts says.

import { notWhole, overtaken, planLeaving, planMoving, planReturning } from '../../ledger/leaving.ts'
import type { Move, Removal, ReturningEntry, StoredEntry } from '../../ledger/store.ts'
import { blobColumn, integerColumn, textColumn } from './database.ts'
import { insertChunks } from './payloads.ts'
import type { Prepare } from './prepared.ts'

const STUB = "substr(e.entry, 1, 9) = x'7b225f73747562223a'"

/** Answers how many rows were changed. */
export function replaceEntries(prepare: Prepare, ledgerNo: number, removal: Removal, newest: number): number {
  const changed = planLeaving(removal, newest, (seq) => rowAt(prepare, ledgerNo, seq))
  // What was done before stands, whatever was recorded since.
  if (changed.length === 0) return 0
  refuseOvertaken(prepare, ledgerNo, removal.judged)
  const named = new Set(changed.flatMap(({ seq }) => namedBy(prepare, ledgerNo, seq)))
  write(prepare, ledgerNo, changed)
  const destroyed = new Set(removal.entries.flatMap(({ seq, mark }) => (mark.state === 'disposed' ? [seq] : [])))
  for (const { seq } of changed) if (destroyed.has(seq)) unlist(prepare, ledgerNo, seq)
  for (const blob_id of named) letGo(prepare, ledgerNo, blob_id)
  return changed.length
}

/** Answers how many rows were changed. */
export function bringBack(prepare: Prepare, ledgerNo: number, entries: readonly ReturningEntry[]): number {
  const changed = planReturning(entries, (seq) => rowAt(prepare, ledgerNo, seq))
  write(prepare, ledgerNo, changed)
  const back = new Set(changed.map(({ seq }) => seq))
  for (const { seq, payloads } of entries) {
    if (!back.has(seq)) continue
    for (const { blob_id, chunks } of payloads) fill(prepare, ledgerNo, blob_id, chunks)
    for (const blob_id of namedBy(prepare, ledgerNo, seq))
      if (isEmpty(prepare, ledgerNo, blob_id)) throw notWhole(blob_id)
  }
  return changed.length
}

/** Answers how many rows were changed. */
export function moveEntries(prepare: Prepare, ledgerNo: number, move: Move): number {
  const moved = planMoving(move, (seq) => rowAt(prepare, ledgerNo, seq))
  write(prepare, ledgerNo, moved)
  write(
    prepare,
    ledgerNo,
    moved.map(({ seq, stub }) => ({ seq, entry: stub })),
  )
  return moved.length
}

function rowAt(prepare: Prepare, ledgerNo: number, seq: number): StoredEntry | undefined {
  const row = prepare('SELECT entry, nodes FROM entries WHERE ledger_no = ? AND seq = ?').get(ledgerNo, seq)
  return row === undefined ? undefined : { seq, entry: blobColumn(row, 'entry'), nodes: blobColumn(row, 'nodes') }
}

function refuseOvertaken(prepare: Prepare, ledgerNo: number, { size, unless }: Removal['judged']): void {
  const newest = prepare(
    'SELECT seq FROM entries INDEXED BY entries_by_action WHERE ledger_no = ? AND action = ? AND seq >= ? ORDER BY seq LIMIT 1',
  )
  for (const action of unless) {
    const row = newest.get(ledgerNo, action, size)
    if (row !== undefined) throw overtaken(action, integerColumn(row, 'seq'))
  }
}

function namedBy(prepare: Prepare, ledgerNo: number, seq: number): string[] {
  return prepare('SELECT blob_id FROM payload_uses WHERE ledger_no = ? AND seq = ?')
    .all(ledgerNo, seq)
    .map((row) => textColumn(row, 'blob_id'))
}

function write(prepare: Prepare, ledgerNo: number, rows: readonly { seq: number; entry: Uint8Array }[]): void {
  const update = prepare('UPDATE entries SET entry = ? WHERE ledger_no = ? AND seq = ?')
  for (const { seq, entry } of rows) update.run(entry, ledgerNo, seq)
}

function unlist(prepare: Prepare, ledgerNo: number, seq: number): void {
  prepare('DELETE FROM entry_subjects WHERE ledger_no = ? AND seq = ?').run(ledgerNo, seq)
  prepare('DELETE FROM payload_uses WHERE ledger_no = ? AND seq = ?').run(ledgerNo, seq)
}

// A payload goes with the last entry that names it, and its chunks with the last that is whole.
function letGo(prepare: Prepare, ledgerNo: number, blob_id: string): void {
  const row = prepare(
    `SELECT count(*) AS uses, coalesce(sum(NOT (${STUB})), 0) AS whole FROM payload_uses u
       JOIN entries e ON e.ledger_no = u.ledger_no AND e.seq = u.seq WHERE u.ledger_no = ? AND u.blob_id = ?`,
  ).get(ledgerNo, blob_id)
  if (integerColumn(row, 'whole') > 0) return
  prepare('DELETE FROM payload_chunks WHERE ledger_no = ? AND blob_id = ?').run(ledgerNo, blob_id)
  const rest =
    integerColumn(row, 'uses') === 0
      ? 'DELETE FROM payloads WHERE ledger_no = ? AND blob_id = ?'
      : "UPDATE payloads SET sealed = x'' WHERE ledger_no = ? AND blob_id = ? AND length(sealed) > 0"
  prepare(rest).run(ledgerNo, blob_id)
}

function isEmpty(prepare: Prepare, ledgerNo: number, blob_id: string): boolean {
  const payload = 'SELECT 1 FROM payloads WHERE ledger_no = ? AND blob_id = ? AND length(sealed) > 0'
  return prepare(payload).get(ledgerNo, blob_id) === undefined
}

function fill(prepare: Prepare, ledgerNo: number, blob_id: string, [first, ...more]: readonly Uint8Array[]): void {
  if (first === undefined || !isEmpty(prepare, ledgerNo, blob_id)) return
  prepare('UPDATE payloads SET sealed = ? WHERE ledger_no = ? AND blob_id = ?').run(first, ledgerNo, blob_id)
  insertChunks(prepare, ledgerNo, blob_id, 1, more)
}
