// What the entries alone cannot show: that the schema is the one that was released, that every index holds what its
// table holds, and that no row lies where no ledger looks.

import { type Finding, type FindingCode, finding } from '../../verify/finding.ts'
import { readSchema, referenceSchema, type SchemaObject } from './connect.ts'
import { column, integerColumn, type SqliteDatabase } from './database.ts'
import { tryRead } from './unreadable.ts'

/** JavaScript's integers end here; a ledger's numbers do too. */
const MAX = Number.MAX_SAFE_INTEGER

interface Stray {
  readonly code: FindingCode
  readonly what: string
  readonly problem: string
  /** Counts the rows in question as `n`. */
  readonly sql: string
}

/** The numbers that entries stand under, found by seeking from one to the next: no page of the entries is read for it. */
const NUMBERS = `WITH RECURSIVE numbers(no) AS (
  SELECT min(ledger_no) FROM entries
  UNION ALL SELECT (SELECT min(ledger_no) FROM entries WHERE ledger_no > no) FROM numbers WHERE no IS NOT NULL
)`

const STRAYS: readonly Stray[] = [
  {
    code: 'stray-row',
    what: 'table ledgers',
    problem: 'have a number that no ledger gets',
    sql: `SELECT count(*) AS n FROM ledgers WHERE ledger_no NOT BETWEEN 1 AND ${MAX}`,
  },
  {
    code: 'stray-row',
    what: 'table entries',
    problem: 'belong to no ledger here',
    sql: `${NUMBERS} SELECT count(*) AS n FROM entries WHERE ledger_no IN (
            SELECT no FROM numbers WHERE no NOT IN (SELECT ledger_no FROM ledgers))`,
  },
  {
    code: 'stray-row',
    what: 'table entries',
    problem: 'have a seq that no entry gets',
    sql: `${NUMBERS} SELECT coalesce(sum(
            (SELECT count(*) FROM entries WHERE ledger_no = no AND seq < 0) +
            (SELECT count(*) FROM entries WHERE ledger_no = no AND seq > ${MAX})), 0) AS n FROM numbers`,
  },
  {
    code: 'stray-row',
    what: 'table checkpoints',
    problem: 'belong to no ledger here, or have a size that no checkpoint gets',
    sql: `SELECT count(*) AS n FROM checkpoints
          WHERE size NOT BETWEEN 0 AND ${MAX} OR ledger_no NOT IN (SELECT ledger_no FROM ledgers)`,
  },
  {
    code: 'stray-row',
    what: 'table cosignatures',
    problem: 'belong to no checkpoint here',
    sql: `SELECT count(*) AS n FROM cosignatures c WHERE NOT EXISTS
          (SELECT 1 FROM checkpoints p WHERE p.ledger_no = c.ledger_no AND p.size = c.size)`,
  },
  {
    code: 'stray-row',
    what: 'table payload_uses',
    problem: 'name an entry or a payload that is not there',
    sql: `SELECT count(*) AS n FROM payload_uses u
          WHERE NOT EXISTS (SELECT 1 FROM entries e WHERE e.ledger_no = u.ledger_no AND e.seq = u.seq)
            OR NOT EXISTS (SELECT 1 FROM payloads p WHERE p.ledger_no = u.ledger_no AND p.blob_id = u.blob_id)`,
  },
  {
    code: 'stray-row',
    what: 'table payload_chunks',
    problem: 'belong to no ledger here, have an id that no payload gets, or are not numbered from 1 on',
    sql: `SELECT coalesce(sum(n), 0) AS n FROM (SELECT count(*) AS n FROM payload_chunks c GROUP BY ledger_no, blob_id
          HAVING min(chunk_no) <> 1 OR max(chunk_no) <> count(*) OR length(blob_id) <> 32 OR blob_id GLOB '*[^0-9a-f]*'
            OR NOT EXISTS (SELECT 1 FROM ledgers l WHERE l.ledger_no = c.ledger_no))`,
  },
  {
    code: 'stray-row',
    what: 'table payloads',
    problem: 'belong to no ledger here, or have an id that no payload gets',
    sql: `SELECT count(*) AS n FROM payloads p WHERE length(blob_id) <> 32 OR blob_id GLOB '*[^0-9a-f]*'
          OR NOT EXISTS (SELECT 1 FROM ledgers l WHERE l.ledger_no = p.ledger_no)`,
  },
  {
    code: 'stray-row',
    what: 'table cosignatures',
    problem: 'are not numbered from 0 on, or hold the same line twice: some were removed, or put there',
    sql: `SELECT coalesce(sum(n), 0) AS n FROM (SELECT count(*) AS n FROM cosignatures GROUP BY ledger_no, size
          HAVING min(line_no) <> 0 OR max(line_no) <> count(*) - 1 OR count(DISTINCT line) <> count(*))`,
  },
]

export interface SchemaCheck {
  /** Objects that were changed, removed or put there. */
  readonly findings: readonly Finding[]
  /** Tables that are gone, or that something else stands for: a view can answer anything, and for ever. */
  readonly missing: readonly string[]
}

export function checkSchema(db: SqliteDatabase): SchemaCheck {
  const found = readSchema(db)
  const tables = found.filter(({ type, sql }) => type === 'table' && sql.startsWith('CREATE TABLE '))
  const released = referenceSchema(db)
  const missing = released.filter(({ type, name }) => type === 'table' && !tables.some((table) => table.name === name))
  return { findings: schemaFindings(found, released), missing: missing.map(({ name }) => name) }
}

/** Rows that no ledger would read, and ledgers without entries other than the one numbered `chosen`. */
export function checkStrays(db: SqliteDatabase, chosen: number | undefined): Finding[] {
  return [...STRAYS, straySubjects(chosen), emptyLedgers(chosen)].flatMap(({ code, what, problem, sql }) => {
    const read = tryRead(() => integerColumn(db.prepare(sql).get(), 'n'))
    if ('problem' in read) return [finding('database-unreadable', { what }, read.problem)]
    return read.value === 0 ? [] : [finding(code, { what }, `${read.value} rows ${problem}`)]
  })
}

// The subjects of the chosen ledger's entries are read along with these (verify-rows.ts).
function straySubjects(chosen: number = 0): Stray {
  return {
    code: 'stray-row',
    what: 'table entry_subjects',
    problem: 'belong to no entry of a ledger here',
    sql: `SELECT count(*) AS n FROM entry_subjects s
          WHERE (ledger_no <> ${chosen} OR seq < 0 OR seq > (SELECT max(seq) FROM entries WHERE ledger_no = ${chosen}))
            AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.ledger_no = s.ledger_no AND e.seq = s.seq)`,
  }
}

function emptyLedgers(chosen: number = 0): Stray {
  return {
    code: 'ledger-without-entries',
    what: 'table ledgers',
    problem: 'name a ledger that has no entry: a restore was interrupted there, or they were put there',
    sql: `SELECT count(*) AS n FROM ledgers l
          WHERE ledger_no <> ${chosen} AND NOT EXISTS (SELECT 1 FROM entries e WHERE e.ledger_no = l.ledger_no)`,
  }
}

// SQLite compares every index with its table, row by row, derived columns included, and walks every page.
export function checkIndexes(db: SqliteDatabase): Finding[] {
  const read = tryRead(() => db.prepare('PRAGMA integrity_check(20)').all())
  if ('problem' in read) return [finding('database-unreadable', { what: 'indexes' }, read.problem)]
  return read.value
    .map((row) => column(row, 'integrity_check'))
    .filter((said) => said !== 'ok')
    .map((said) => finding('index-altered', { what: 'database' }, String(said)))
}

// Statistics of the query planner are SQLite's own affair.
const STATISTICS = /^sqlite_stat[14]$/

function schemaFindings(found: readonly SchemaObject[], released: readonly SchemaObject[]): Finding[] {
  const expected = new Map(released.map((object) => [nameOf(object), definitionOf(object)]))
  const there = Map.groupBy(found, nameOf)
  const names = [...new Set([...expected.keys(), ...there.keys()])].filter((name) => !STATISTICS.test(name))
  return names.flatMap((name) => {
    const definitions = (there.get(name) ?? []).map(definitionOf)
    const wanted = expected.get(name)
    if (definitions.length === 1 && definitions[0] === wanted) return []
    const problem =
      definitions.length === 0 ? 'is gone' : wanted === undefined ? 'does not belong there' : 'was changed'
    return [finding('schema-altered', { what: `schema object ${name}` }, problem)]
  })
}

// A trigger or an index may bear the name of another object: then both names say so.
function nameOf({ type, name }: SchemaObject): string {
  return type === 'table' ? name : `${name} (${type})`
}

function definitionOf({ table, sql, page }: SchemaObject): string {
  return `${table} (${page}): ${sql}`
}
