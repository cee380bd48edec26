// What the entries alone cannot show: that the schema is the one that was released, that every index holds what its table holds, and
// that no row lies where no ledger looks.

import { type Finding, finding } from '../../verify/finding.ts'
import { type Catalog, readCatalog, readForbiddenGrants, releasedCatalog } from './catalog.ts'
import { LEDGERS, type SchemaKind } from './schemas.ts'
import type { Snapshot } from './snapshot.ts'

export interface SchemaCheck {
  readonly findings: readonly Finding[]
  /** Tables without which nothing can be read. */
  readonly missing: readonly string[]
}

export async function checkSchema(snapshot: Snapshot, kind: SchemaKind = LEDGERS): Promise<SchemaCheck> {
  const [there, released] = [await readCatalog(snapshot, kind), releasedCatalog(kind)]
  const grants = await readForbiddenGrants(snapshot, kind)
  return {
    findings: [
      ...differences(there, released),
      ...grants.map((grant) => altered('a right', `somebody has a right that no server needs: ${grant}`)),
    ],
    missing: [...released.keys()].filter((name) => name.startsWith('table ') && !there.has(name)),
  }
}

function differences(there: Catalog, released: Catalog): Finding[] {
  const names = [...new Set([...released.keys(), ...there.keys()])].sort()
  return names.flatMap((name) => {
    const [is, was] = [there.get(name), released.get(name)]
    if (is === was) return []
    if (is === undefined) return [altered(name, 'is missing')]
    return [altered(name, was === undefined ? 'was added' : 'is not as it was released')]
  })
}

function altered(name: string, problem: string): Finding {
  return finding('schema-altered', { what: `schema object ${name}` }, problem)
}

interface Stray {
  readonly what: string
  readonly problem: string
  /** Counts the rows in question. */
  readonly sql: string
}

const OF_LEDGERS = [
  'heads',
  'entries',
  'entry_subjects',
  'payloads',
  'payload_chunks',
  'payload_uses',
  'checkpoints',
  'cosignatures',
]

// From one ledger to the next by the index that every key begins with: a table is not gone through for the ledgers that it has.
// A role that row-level security holds for sees none of another's: whoever owns the schema sees all.
function ofNoLedger(table: string): string {
  const rows = `affidavit.${table} t`
  return `WITH RECURSIVE there (no) AS (
      (SELECT t.ledger_no FROM ${rows} ORDER BY t.ledger_no LIMIT 1)
      UNION ALL SELECT (SELECT t.ledger_no FROM ${rows} WHERE t.ledger_no > there.no ORDER BY t.ledger_no LIMIT 1)
        FROM there WHERE there.no IS NOT NULL)
    SELECT coalesce(sum((SELECT count(*) FROM ${rows} WHERE t.ledger_no = there.no)), 0)::text FROM there
      WHERE NOT EXISTS (SELECT 1 FROM affidavit.ledgers l WHERE l.ledger_no = there.no)`
}

// What is listed for the entries of the chosen ledger is read along with these (stored-stretch.ts); each part by an index.
function besideChosen(table: string, chosen: number, of: (rows: string) => string): string {
  const last = `coalesce((SELECT max(e.seq) FROM affidavit.entries e WHERE e.ledger_no = ${chosen}), -1)`
  const parts = [
    `ledger_no < ${chosen}`,
    `ledger_no > ${chosen}`,
    `ledger_no = ${chosen} AND seq < 0`,
    `ledger_no = ${chosen} AND seq > ${last}`,
  ]
  const counts = parts.map((part) => of(`(SELECT * FROM affidavit.${table} WHERE ${part})`))
  return `SELECT (${counts.map((count) => `(${count})`).join(' + ')})::text`
}

const straysBeside = (chosen: number): readonly Stray[] => [
  ...OF_LEDGERS.map((table) => ({
    what: `table ${table}`,
    problem: 'belong to no ledger here',
    sql: ofNoLedger(table),
  })),
  ...['entry_subjects', 'payload_uses'].map((table) => ({
    what: `table ${table}`,
    problem: 'are listed for no entry',
    sql: besideChosen(
      table,
      chosen,
      (rows) => `SELECT count(*) FROM ${rows} t WHERE NOT EXISTS
            (SELECT 1 FROM affidavit.entries e WHERE e.ledger_no = t.ledger_no AND e.seq = t.seq)`,
    ),
  })),
  {
    what: 'table entry_subjects',
    problem: 'have another time than their entry',
    sql: besideChosen(
      'entry_subjects',
      chosen,
      (rows) => `SELECT count(*) FROM ${rows} s JOIN affidavit.entries e ON e.ledger_no = s.ledger_no AND e.seq = s.seq
          WHERE s."timestamp" <> e."timestamp"`,
    ),
  },
  {
    // Those of a body that is being kept, or whose record never came, lie before their payload does.
    what: 'table payload_chunks',
    problem: 'have an id that no payload gets, or are not numbered from 1 on',
    sql: `SELECT coalesce(sum(odd.chunks), 0)::text FROM (SELECT count(*) AS chunks FROM affidavit.payload_chunks c GROUP BY c.ledger_no, c.blob_id
            HAVING min(c.chunk_no) <> 1 OR max(c.chunk_no) <> count(*) OR c.blob_id !~ '^[0-9a-f]{32}$') odd`,
  },
  {
    what: 'table cosignatures',
    problem: 'belong to no checkpoint',
    sql: `SELECT count(*)::text FROM affidavit.cosignatures c WHERE NOT EXISTS
            (SELECT 1 FROM affidavit.checkpoints p WHERE p.ledger_no = c.ledger_no AND p.size = c.size)`,
  },
  {
    what: 'table cosignatures',
    problem: 'stand among lines that are not numbered from 0 on',
    sql: `SELECT count(*)::text FROM (SELECT 1 FROM affidavit.cosignatures c GROUP BY c.ledger_no, c.size
            HAVING min(c.line_no) <> 0 OR max(c.line_no) + 1 <> count(*)) odd`,
  },
  {
    what: 'table ledgers',
    problem: 'have no head',
    sql: `SELECT count(*)::text FROM affidavit.ledgers l WHERE NOT EXISTS
            (SELECT 1 FROM affidavit.heads h WHERE h.ledger_no = l.ledger_no)`,
  },
  {
    what: 'table heads',
    problem: 'do not follow the last entry of their ledger',
    sql: `SELECT count(*)::text FROM affidavit.heads h WHERE h.size <> coalesce((SELECT max(e.seq) + 1 FROM affidavit.entries e WHERE e.ledger_no = h.ledger_no), 0)`,
  },
]

/** Rows that no ledger would read. @param chosen the ledger whose own rows are read along with its entries */
export async function checkStrays(snapshot: Snapshot, chosen: number = 0): Promise<Finding[]> {
  const found: Finding[] = []
  for (const { what, problem, sql } of straysBeside(chosen)) {
    const rows = await snapshot.tryRows(sql)
    if ('problem' in rows) found.push(finding('database-unreadable', { what }, rows.problem))
    else if (Number(rows[0]?.[0]) !== 0)
      found.push(finding('stray-row', { what }, `${Number(rows[0]?.[0])} rows ${problem}`))
  }
  return found
}

const INDEXES = `SELECT i.oid::text, i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am m ON m.oid = i.relam
  WHERE i.relnamespace = 'affidavit'::regnamespace AND m.amname = 'btree' ORDER BY i.relname`

/** Whether this database can compare its indexes with their tables: by the extension amcheck, where this role may use it. */
export async function canCompareIndexes(snapshot: Snapshot): Promise<boolean> {
  return (await comparingFunction(snapshot)) !== undefined
}

/** Compares every index with its table, each tuple of it: PostgreSQL's amcheck. */
export async function checkIndexes(snapshot: Snapshot): Promise<Finding[]> {
  const compare = await comparingFunction(snapshot)
  if (compare === undefined) return []
  const found: Finding[] = []
  for (const [oid, name] of await snapshot.rows(INDEXES)) {
    const read = await snapshot.tryRows(`SELECT ${compare}($1::oid::regclass, true)`, [String(oid)])
    if ('problem' in read) found.push(finding('index-altered', { what: `index ${String(name)}` }, read.problem))
  }
  return found
}

/** With the schema that it was put into. */
async function comparingFunction(snapshot: Snapshot): Promise<string | undefined> {
  const [row] = await snapshot.rows(`SELECT format('%I.%I', n.nspname, p.proname)
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_extension e ON e.extname = 'amcheck' AND e.extnamespace = n.oid
    WHERE p.proname = 'bt_index_check' AND p.pronargs = 2
      AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')`)
  return row === undefined ? undefined : String(row[0])
}
