// What the entries alone cannot show: that the schema is the one that was released, that every index holds what its
// table holds, and that no row lies where no ledger looks.

import { type Finding, finding } from '../../verify/finding.ts'
import { readSchema, referenceSchema, type SchemaObject } from './connect.ts'
import { column, integerColumn, type SqliteDatabase } from './database.ts'

const STRAYS: readonly { readonly what: string; readonly sql: string }[] = [
  {
    what: 'entries',
    sql: 'SELECT count(*) AS n FROM entries WHERE seq < 0 OR ledger_no NOT IN (SELECT ledger_no FROM ledgers)',
  },
  {
    what: 'entry_subjects',
    sql: `SELECT count(*) AS n FROM entry_subjects s WHERE NOT EXISTS
          (SELECT 1 FROM entries e WHERE e.ledger_no = s.ledger_no AND e.seq = s.seq)`,
  },
  {
    what: 'checkpoints',
    sql: 'SELECT count(*) AS n FROM checkpoints WHERE ledger_no NOT IN (SELECT ledger_no FROM ledgers)',
  },
  {
    what: 'cosignatures',
    sql: `SELECT count(*) AS n FROM cosignatures c WHERE NOT EXISTS
          (SELECT 1 FROM checkpoints p WHERE p.ledger_no = c.ledger_no AND p.size = c.size)`,
  },
]

export function checkStructure(db: SqliteDatabase): Finding[] {
  return [...schemaFindings(readSchema(db)), ...strayFindings(db), ...indexFindings(db)]
}

/** Objects that were changed, removed or put there. */
export function schemaFindings(found: readonly SchemaObject[]): Finding[] {
  const expected = new Map(referenceSchema().map(({ name, sql }) => [name, sql]))
  const there = new Map(found.map(({ name, sql }) => [name, sql]))
  const names = [...new Set([...expected.keys(), ...there.keys()])].filter((name) => !name.startsWith('sqlite_stat'))
  return names.flatMap((name) => {
    if (expected.get(name) === there.get(name)) return []
    const problem = there.has(name) ? (expected.has(name) ? 'was changed' : 'does not belong there') : 'is gone'
    return [finding('schema-altered', { what: `schema object ${name}` }, problem)]
  })
}

function strayFindings(db: SqliteDatabase): Finding[] {
  return STRAYS.flatMap(({ what, sql }) => {
    const count = integerColumn(db.prepare(sql).get(), 'n')
    return count === 0
      ? []
      : [finding('stray-row', { what: `table ${what}` }, `${count} rows belong to no entry of a ledger here`)]
  })
}

// SQLite compares every index with its table, row by row, derived columns included.
function indexFindings(db: SqliteDatabase): Finding[] {
  return db
    .prepare('PRAGMA integrity_check(20)')
    .all()
    .map((row) => column(row, 'integrity_check'))
    .filter((said) => said !== 'ok')
    .map((said) => finding('index-altered', { what: 'database' }, String(said)))
}
