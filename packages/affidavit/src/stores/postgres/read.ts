// Reading: filters become one SQL statement each, always ordered by seq and bounded.

import { HASH_BYTES, type Hash } from '../../crypto/sha256.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { EntryFilter, Page, StoredEntry } from '../../ledger/store.ts'
import { locateNode, type NodeId } from '../../merkle/node.ts'
import { bytesColumn, integerColumn, type Statement } from './database.ts'

/** `$` is where the value stands. */
const CONDITIONS: Readonly<Record<keyof EntryFilter, string>> = {
  id: 'e.id = $',
  conversation_id: 'e.conversation_id = $',
  actor_id: 'e.actor_id = $',
  resource_type: 'e.resource_type = $',
  resource_id: 'e.resource_id = $',
  subject_id: 's.subject_id = $',
  parent_id: 'e.parent_id = $',
  action: 'e.action = $',
  from: 'e."timestamp" >= $',
  until: 'e."timestamp" < $',
  recorded_from: 'e.recorded_at >= $',
  recorded_until: 'e.recorded_at < $',
  from_seq: 'e.seq >= $',
  until_seq: 'e.seq < $',
}

/** Columns are bytes at the wire: half as long as their text, and not parsed. */
export function selectEntries(ledgerNo: number, filter: EntryFilter, page: Page): Statement {
  const values: unknown[] = [ledgerNo]
  const conditions = ['e.ledger_no = $1']
  for (const [name, condition] of Object.entries(CONDITIONS)) {
    const value: unknown = Reflect.get(filter, name)
    if (value === undefined) continue
    if (typeof value !== 'string' && typeof value !== 'number') throw badCondition(name)
    values.push(value)
    conditions.push(condition.replace('$', `$${values.length}`))
  }
  values.push(page.limit)
  const direction = page.order === 'ascending' ? 'ASC' : 'DESC'
  const isBySubject = filter.subject_id !== undefined
  const source = isBySubject
    ? 'affidavit.entry_subjects s JOIN affidavit.entries e ON e.ledger_no = s.ledger_no AND e.seq = s.seq'
    : 'affidavit.entries e'
  // Each index of the filters is in the order of seq; that of conversations by their own numbers, which rise with it.
  const order = isBySubject ? 's.seq' : filter.conversation_id === undefined ? 'e.seq' : 'e.conversation_seq'
  const where = isBySubject ? ['s.ledger_no = $1', ...conditions] : conditions
  return {
    text: `SELECT e.seq, e.nodes, e.entry FROM ${source} WHERE ${where.join(' AND ')} ORDER BY ${order} ${direction} LIMIT $${values.length}`,
    values,
  }
}

function badCondition(name: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${name} must be a text or a number`, path: name })
}

export function storedEntry(row: unknown): StoredEntry {
  return { seq: integerColumn(row, 'seq'), entry: bytesColumn(row, 'entry'), nodes: bytesColumn(row, 'nodes') }
}

/** Stored tree nodes, in the order asked, by one statement. */
export function selectNodes(ledgerNo: number, ids: readonly NodeId[]): Statement {
  const places = ids.map(locateNode)
  return {
    text: `SELECT substr(e.nodes, w.at, ${HASH_BYTES}) AS hash FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS w(seq, at, no)
      JOIN affidavit.entries e ON e.ledger_no = $1 AND e.seq = w.seq ORDER BY w.no`,
    values: [ledgerNo, places.map(({ seq }) => seq), places.map(({ offset }) => offset + 1)],
  }
}

/** @throws LedgerError `store-corrupt` where one is missing */
export function hashesOf(rows: readonly unknown[], wanted: number): Hash[] {
  const hashes = rows.map((row) => bytesColumn(row, 'hash'))
  if (hashes.length === wanted && hashes.every((hash) => hash.length === HASH_BYTES)) return hashes
  throw new LedgerError('store-corrupt', {
    problem: `tree nodes are missing: ${hashes.length} of ${wanted} read`,
    cure: 'run affidavit verify: it says what was changed',
  })
}
