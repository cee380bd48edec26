// Reading: filters become one SQL statement each, always ordered by seq and bounded.

import { decodeUtf8 } from '../../bytes/text.ts'
import { HASH_BYTES, type Hash } from '../../crypto/sha256.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { EntryFilter, Page, StoredCheckpoint, StoredEntry } from '../../ledger/store.ts'
import { locateNode, type NodeId } from '../../merkle/node.ts'
import { blobColumn, ColumnFault, columnsOf, integerColumn, type SqlValue } from './database.ts'
import type { Prepare } from './prepared.ts'
import type { Statements } from './statements.ts'

/** `$` is the row that the walk is over: of entries, or of what leads to them. */
const CONDITIONS: Readonly<Record<keyof EntryFilter, string>> = {
  id: 'e.id = ?',
  conversation_id: 'e.conversation_id = ?',
  actor_id: 'e.actor_id = ?',
  resource_type: 'e.resource_type = ?',
  resource_id: 'e.resource_id = ?',
  subject_id: 's.subject_id = ?',
  parent_id: 'e.parent_id = ?',
  action: 'e.action = ?',
  from: 'e.timestamp >= ?',
  until: 'e.timestamp < ?',
  recorded_from: 'e.recorded_at >= ?',
  recorded_until: 'e.recorded_at < ?',
  from_seq: '$.seq >= ?',
  until_seq: '$.seq < ?',
}

/** Entries that fit the filter, one page. */
export function readEntries(prepare: Prepare, ledgerNo: number, filter: EntryFilter, page: Page): StoredEntry[] {
  const { sql, values } = selectEntries(ledgerNo, filter, page)
  const find = prepare(sql)
  find.setReturnArrays?.(true)
  return find.all(...values).map(storedEntry)
}

function storedEntry(row: unknown): StoredEntry {
  const [seq, nodes, entry] = columnsOf(row)
  if (typeof seq !== 'number') throw new ColumnFault('column seq is no integer')
  if (!(nodes instanceof Uint8Array)) throw new ColumnFault('column nodes is no blob')
  if (!(entry instanceof Uint8Array)) throw new ColumnFault('column entry is no blob')
  return { seq, entry, nodes }
}

interface Path {
  readonly given: readonly (keyof EntryFilter)[]
  readonly source: string
  /** The row that the walk is over; `e` where left out. */
  readonly over?: 's'
  /** What the walk is in the order of; its seq where left out. */
  readonly order?: string
}

// SQLite keeps no statistics of a ledger and would rather walk all of it in the order of seq: the index is named instead.
// The first path whose conditions are all given narrows most. Where an action is asked of a person, the index of actions
// is asked at each place: no entry is read that does not fit both, and links are few among the records of a person.
const PATHS: readonly Path[] = [
  {
    given: ['subject_id', 'action'],
    source: `entry_subjects s INDEXED BY entry_subjects_by_subject
             CROSS JOIN entries e INDEXED BY entries_by_action ON e.ledger_no = s.ledger_no AND e.seq = s.seq`,
    over: 's',
  },
  {
    given: ['subject_id'],
    source: `entry_subjects s INDEXED BY entry_subjects_by_subject
             CROSS JOIN entries e ON e.ledger_no = s.ledger_no AND e.seq = s.seq`,
    over: 's',
  },
  { given: ['id'], source: 'entries e INDEXED BY entries_by_id' },
  { given: ['parent_id'], source: 'entries e INDEXED BY entries_by_parent' },
  {
    given: ['conversation_id'],
    source: 'entries e INDEXED BY entries_by_conversation',
    order: 'e.conversation_seq',
  },
  { given: ['resource_type', 'resource_id'], source: 'entries e INDEXED BY entries_by_resource' },
  { given: ['actor_id'], source: 'entries e INDEXED BY entries_by_actor' },
  { given: ['action'], source: 'entries e INDEXED BY entries_by_action' },
]

const WHOLE: Path = { given: [], source: 'entries e' }

/** The SQL of one page. The conversation index is in the order of seq. */
export function selectEntries(ledgerNo: number, filter: EntryFilter, page: Page): { sql: string; values: SqlValue[] } {
  const path = PATHS.find(({ given }) => given.every((name) => filter[name] !== undefined)) ?? WHOLE
  const { source, over = 'e', order = `${over}.seq` } = path
  const conditions = [`${over}.ledger_no = ?`]
  const values: SqlValue[] = [ledgerNo]
  for (const [name, condition] of Object.entries(CONDITIONS)) {
    const value: unknown = Reflect.get(filter, name)
    if (value === undefined) continue
    if (typeof value !== 'string' && typeof value !== 'number') throw badCondition(name)
    conditions.push(condition.replace('$', over))
    values.push(value)
  }
  values.push(page.limit)
  const direction = page.order === 'ascending' ? 'ASC' : 'DESC'
  return {
    sql: `SELECT e.seq, e.nodes, e.entry FROM ${source} WHERE ${conditions.join(' AND ')} ORDER BY ${order} ${direction} LIMIT ?`,
    values,
  }
}

function badCondition(name: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${name} must be a text or a number`, path: name })
}

const NODES = `SELECT substr(e.nodes, (w.value & 63) * ${HASH_BYTES} + 1, ${HASH_BYTES}) AS hash FROM json_each(?) w
  CROSS JOIN entries e ON e.ledger_no = ? AND e.seq = w.value >> 6 ORDER BY w.key`

/** Stored tree nodes by one statement. */
export function readNodes(prepare: Prepare, ledgerNo: number, ids: readonly NodeId[]): Hash[] {
  if (ids.length === 0) return []
  // A place is one number: a row has fewer than 64 levels, and no ledger 2^47 entries.
  const places = ids.map(locateNode).map(({ seq, offset }) => seq * 64 + offset / HASH_BYTES)
  const rows = prepare(NODES).all(JSON.stringify(places), ledgerNo)
  const hashes = rows.map((row) => blobColumn(row, 'hash'))
  if (hashes.length === ids.length && hashes.every((hash) => hash.length === HASH_BYTES)) return hashes
  throw new LedgerError('store-corrupt', {
    problem: `tree nodes are missing: ${hashes.length} of ${ids.length} read`,
    cure: 'run affidavit verify: it says what was changed',
  })
}

/** A checkpoint row with its cosignature lines. */
export function checkpointOf(statements: Statements, ledgerNo: number, row: unknown): StoredCheckpoint {
  const size = integerColumn(row, 'size')
  const lines = statements.cosignatures.all(ledgerNo, size).map((line) => textOf(blobColumn(line, 'line')))
  return { size, note: textOf(blobColumn(row, 'note')), cosignatures: lines }
}

// A checkpoint that is no UTF-8 was changed; the verifier says so of the replacement characters.
function textOf(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? Buffer.from(bytes).toString('utf8')
}
