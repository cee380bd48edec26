// What doctor says of a schema in PostgreSQL: whose it is, what the role of the server may do there, and what guards it.

import type { PgPool } from '../stores/postgres/database.ts'
import { LEDGERS, type SchemaKind } from '../stores/postgres/schemas.ts'
import { openSnapshot } from '../stores/postgres/snapshot.ts'
import { checkSchema } from '../stores/postgres/structure.ts'
import {
  type Power,
  type SchemaFacts,
  surveyPowers,
  surveySchema,
  surveyServer,
  surveyTables,
  surveyVersion,
  type TableFacts,
} from '../stores/postgres/survey.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** @throws LedgerError `store-unavailable` */
export async function examineRights(pool: PgPool, kind: SchemaKind): Promise<Finding[]> {
  const { role } = await surveyServer(pool)
  const tables = await surveyTables(pool, kind)
  const findings = [roleFinding(role, await surveyPowers(pool, kind), kind)]
  // Without a schema there is nothing to guard; that it is missing is said of the database.
  if (tables.length === 0) return findings
  const schema = await surveySchema(pool, kind)
  return [
    ...findings,
    ownerFinding(schema, kind),
    tooManyRights(tables, schema, kind),
    missingRights(tables, schema, kind),
    await guardsFinding(pool, kind),
  ]
}

function roleFinding(role: string, powers: readonly Power[], { migrate, grant }: SchemaKind): Finding {
  if (powers.length === 0)
    return ok('role', `${role} is no superuser and owns nothing here, and can become none that does`)
  const own = powers.filter((one) => one.role === role)
  const [first] = own.length > 0 ? own : powers
  const says =
    first?.role === role ? `${role} ${first.power}` : `${role} can become ${first?.role}, which ${first?.power}`
  return fail(
    'role',
    `${says}: it can change what lies there`,
    `let servers connect as a role of their own: ${migrate} ${grant}`,
  )
}

// Of a dump that was brought back by somebody else, tables may be theirs, and functions run with what they may do.
function ownerFinding({ owners, isOwnerUnbound }: SchemaFacts, { schema }: SchemaKind): Finding {
  const [owner = 'nobody', ...others] = owners
  if (others.length > 0) {
    const says = `the schema ${schema}, its tables and functions belong to ${owners.join(' and ')}`
    return fail('owner', says, 'ALTER … OWNER TO one of them, which no server connects as')
  }
  if (!isOwnerUnbound) return ok('owner', `${owner} owns all of the schema ${schema}`)
  const says = `${owner} owns the schema ${schema}, and is a superuser or has BYPASSRLS: its functions run as that`
  return warn('owner', says, 'REASSIGN OWNED gives it to a role of its own')
}

/** What a server may do in a schema (grants.ts): columns, by table, and functions. */
interface Needs {
  readonly insert: Readonly<Record<string, readonly string[]>>
  readonly update: Readonly<Record<string, readonly string[]>>
  readonly call: readonly string[]
}

const NEEDS: Readonly<Record<SchemaKind['schema'], Needs>> = {
  affidavit: {
    insert: {
      checkpoints: ['ledger_no', 'size', 'note'],
      cosignatures: ['ledger_no', 'size', 'line_no', 'line'],
      entries: ['ledger_no', 'seq', 'entry', 'nodes'],
      payload_chunks: ['ledger_no', 'blob_id', 'chunk_no', 'sealed'],
      payloads: ['ledger_no', 'blob_id', 'body_digest', 'content_key', 'sealed'],
    },
    update: { heads: ['size'] },
    call: ['append', 'caller', 'create_ledger', 'sweep_payloads'],
  },
  affidavit_keyring: {
    insert: {},
    update: {},
    call: ['begin_keyring', 'clear_rows', 'forget_version', 'put_rows', 'settle', 'turn_over'],
  },
}

/** What a role of retention may besides, and no server (grants.ts). */
const LETS_GO: readonly string[] = ['exchange_entries', 'fill_payload']

function tooManyRights(tables: readonly TableFacts[], { create, functions }: SchemaFacts, kind: SchemaKind): Finding {
  const { insert, update, call } = NEEDS[kind.schema]
  const found = tables.flatMap(({ table, may }) => [
    ...may.remove.map((right) => `${right} ${table}`),
    ...without(may.update, update[table]).map((name) => `UPDATE ${table}.${name}`),
    ...without(may.insert, insert[table]).map((name) => `INSERT ${table}.${name}`),
  ])
  const calls = without(functions, call).map((name) => `EXECUTE ${name}`)
  const all = [...(create ? ['CREATE in the schema'] : []), ...found, ...calls]
  if (all.length === 0) return ok('rights', 'this role can change, remove and forge nothing')
  if (all.length === LETS_GO.length && without(LETS_GO, functions).length === 0) {
    const says = 'this is a role of retention: besides what a server does, it may let records leave the database'
    return warn('rights', says, 'let servers that record connect as another role, which is a writer alone')
  }
  const cure = `REVOKE it; ${kind.migrate} ${kind.grant}, run as the owner, gives a server all it needs, and PUBLIC nothing`
  return fail('rights', `this role may ${firstOf(all)}`, cure)
}

function missingRights(tables: readonly TableFacts[], { functions }: SchemaFacts, kind: SchemaKind): Finding {
  const { insert, update, call } = NEEDS[kind.schema]
  const missing = tables.flatMap(({ table, may }) => [
    ...(may.select ? [] : [`SELECT ${table}`]),
    ...without(insert[table], may.insert).map((name) => `INSERT ${table}.${name}`),
    ...without(update[table], may.update).map((name) => `UPDATE ${table}.${name}`),
  ])
  const all = [...missing, ...without(call, functions).map((name) => `EXECUTE ${name}`)]
  if (all.length === 0) return ok('needs', 'this role may do what a server does')
  return fail('needs', `this role may not ${firstOf(all)}`, `${kind.migrate} ${kind.grant}, run as the owner`)
}

function without(names: readonly string[] = [], taken: readonly string[] = []): readonly string[] {
  return names.filter((name) => !taken.includes(name))
}

async function guardsFinding(pool: PgPool, kind: SchemaKind): Promise<Finding> {
  const version = await surveyVersion(pool, kind)
  if (version !== undefined && version !== kind.version) return otherVersion(version, kind)
  const snapshot = await openSnapshot(pool)
  try {
    const { findings } = await checkSchema(snapshot, kind)
    if (findings.length === 0)
      return ok('guards', `schema ${kind.version}, every trigger and policy as it was released`)
    const told = findings.map(({ what, problem }) => `${what ?? 'the schema'} ${problem}`)
    const whole =
      kind === LEDGERS
        ? 'affidavit verify says whether records were changed'
        : 'affidavit verify --content says what opens'
    return fail('guards', firstOf(told), `find out who changed it; ${whole}`)
  } finally {
    await snapshot.close()
  }
}

// Triggers and policies are compared with those of this version alone.
function otherVersion(version: number, { version: ours, migrate }: SchemaKind): Finding {
  const says = `the database has schema ${version}, and this version needs ${ours}`
  return version > ours
    ? fail('guards', says, 'use a newer affidavit')
    : fail('guards', says, `${migrate}, run as the owner, brings it up to date`)
}

/** Findings that one line tells. */
const TOLD = 4

function firstOf(all: readonly string[]): string {
  const more = all.length > TOLD ? `, and ${all.length - TOLD} more` : ''
  return `${all.slice(0, TOLD).join(', ')}${more}`
}
