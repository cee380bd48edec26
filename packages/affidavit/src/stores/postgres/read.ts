// Reading: filters become one SQL statement each, always ordered by seq and bounded.

import { HASH_BYTES, type Hash } from '../../crypto/sha256.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { EntryFilter, Page, StoredEntry } from '../../ledger/store.ts'
import { locateNode, type NodeId } from '../../merkle/node.ts'
import { bytesColumn, integerColumn, type Statement } from './database.ts'

/** What is searched by, as it stands in the bytes. */
const COLUMNS: Readonly<Record<keyof EntryFilter, readonly [column: string, comparison: '=' | '>=' | '<']>> = {
  id: ['id', '='],
  conversation_id: ['conversation_id', '='],
  actor_id: ['actor_id', '='],
  resource_type: ['resource_type', '='],
  resource_id: ['resource_id', '='],
  subject_id: ['subject_id', '='],
  parent_id: ['parent_id', '='],
  action: ['action', '='],
  from: ['"timestamp"', '>='],
  until: ['"timestamp"', '<'],
  recorded_from: ['recorded_at', '>='],
  recorded_until: ['recorded_at', '<'],
  from_seq: ['seq', '>='],
  until_seq: ['seq', '<'],
}

interface Path {
  readonly by: readonly (keyof EntryFilter)[]
  /** Whether its index is in the order of seq. */
  readonly inOrder: boolean
}

// A planner that has not met a ledger yet, or met it when it was small, takes any index for as good as another, and then goes through
// the records of an action for those of a conversation. The first path whose conditions are all given finds few: no other index is
// left to choose. Where none of these is given, the planner knows best.
const PATHS: readonly Path[] = [
  { by: ['subject_id'], inOrder: true },
  { by: ['id'], inOrder: false },
  { by: ['parent_id'], inOrder: true },
  { by: ['conversation_id'], inOrder: false },
  { by: ['resource_type', 'resource_id'], inOrder: true },
  { by: ['resource_id'], inOrder: false },
]

const ALWAYS: ReadonlySet<keyof EntryFilter> = new Set(['from_seq', 'until_seq'])

/** Columns are bytes at the wire: half as long as their text, and not parsed. */
export function selectEntries(ledgerNo: number, filter: EntryFilter, page: Page): Statement {
  const path = PATHS.find(({ by }) => by.every((name) => filter[name] !== undefined))
  const [first] = path?.by ?? []
  const source = first === 'subject_id' ? OF_SUBJECT : OF_ENTRIES
  const seq = path === undefined || path.inOrder ? source.seq : `${source.seq} + 0`
  const values: unknown[] = [ledgerNo]
  const conditions = [source.ledger]
  for (const [name, [column, comparison]] of columnsOf(filter)) {
    values.push(filter[name])
    const value = `$${values.length}`
    const bound = BOUNDS[name]?.(seq, value)
    const isSearchedBy = path === undefined ? bound === undefined : path.by.includes(name)
    if (ALWAYS.has(name)) conditions.push(`${seq} ${comparison} ${value}`)
    else conditions.push(`${source.of(name)}.${column}${isSearchedBy ? '' : NOT_BY_INDEX} ${comparison} ${value}`)
    if (bound !== undefined) conditions.push(bound)
  }
  if (path?.by.length === 1 && first === 'resource_id') conditions.push(OF_ANY_TYPE)
  values.push(page.limit)
  const direction = page.order === 'ascending' ? 'ASC' : 'DESC'
  // The numbers of a conversation rise with seq.
  const order = first === 'conversation_id' ? 'e.conversation_seq' : seq
  return {
    text: `SELECT e.seq, e.nodes, e.entry FROM ${source.from} WHERE ${conditions.join(' AND ')} ORDER BY ${order} ${direction} LIMIT $${values.length}`,
    values,
  }
}

/** The same text, by which no index is kept. */
const NOT_BY_INDEX = " || ''"

function columnsOf(filter: EntryFilter): [keyof EntryFilter, (typeof COLUMNS)[keyof EntryFilter]][] {
  // Proven by the type of COLUMNS: its keys are those of a filter.
  const all = Object.entries(COLUMNS) as [keyof EntryFilter, (typeof COLUMNS)[keyof EntryFilter]][]
  // Of two bounds a planner that knows nothing expects that they leave little, and goes through that. Among times it may.
  const isOfSomething = all.some(([name, [, comparison]]) => comparison === '=' && filter[name] !== undefined)
  return all.filter(([name]) => {
    const value: unknown = filter[name]
    if (value !== undefined && typeof value !== 'string' && typeof value !== 'number') throw badCondition(name)
    return value !== undefined && !(isNoBound(name, value) && isOfSomething)
  })
}

function isNoBound(name: keyof EntryFilter, value: unknown): boolean {
  return (name === 'from_seq' && value === 0) || (name === 'until_seq' && value === Number.MAX_SAFE_INTEGER)
}

interface Source {
  readonly from: string
  readonly ledger: string
  readonly seq: string
  /** What the column of a condition belongs to. */
  of(name: keyof EntryFilter): string
}

const OF_ENTRIES: Source = {
  from: 'affidavit.entries e',
  ledger: 'e.ledger_no = $1',
  seq: 'e.seq',
  of: () => 'e',
}

// OFFSET 0: each entry is looked up where it lies, for each that is listed, and no other condition is asked of an index.
const OF_SUBJECT: Source = {
  from: `affidavit.entry_subjects s CROSS JOIN LATERAL
    (SELECT * FROM affidavit.entries one WHERE one.ledger_no = s.ledger_no AND one.seq = s.seq OFFSET 0) e`,
  ledger: 's.ledger_no = $1',
  seq: 's.seq',
  of: (name) => (name === 'subject_id' ? 's' : 'e'),
}

// Recorded time never decreases with seq: the first entry of a time bounds what an index has to be gone through for.
const BOUNDS: { readonly [name in keyof EntryFilter]?: (seq: string, value: string) => string } = {
  recorded_from: (seq, value) => `${seq} >= (${firstRecordedAt(value)})`,
  // What is no plain value is held against a row only when row-level security let it in, and no index is asked: hence the SELECT.
  recorded_until: (seq, value) => `${seq} < (SELECT coalesce((${firstRecordedAt(value)}), ${Number.MAX_SAFE_INTEGER}))`,
}

function firstRecordedAt(value: string): string {
  return `SELECT first.seq FROM affidavit.entries first WHERE first.ledger_no = $1 AND first.recorded_at >= ${value}
    ORDER BY first.recorded_at, first.seq LIMIT 1`
}

// The index of resources is by their type first, of which there are few: each is found from the one before.
const OF_ANY_TYPE = `e.resource_type IS NOT NULL AND e.resource_type = ANY (ARRAY(WITH RECURSIVE types (type) AS (
    (SELECT f.resource_type FROM affidavit.entries f WHERE f.ledger_no = $1 AND f.resource_type IS NOT NULL ORDER BY f.resource_type LIMIT 1)
    UNION ALL SELECT (SELECT n.resource_type FROM affidavit.entries n WHERE n.ledger_no = $1 AND n.resource_type > types.type
      ORDER BY n.resource_type LIMIT 1) FROM types WHERE types.type IS NOT NULL)
  SELECT type FROM types WHERE type IS NOT NULL))`

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
