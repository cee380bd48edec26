// What doctor says of a PostgreSQL server: whether it syncs, whom it lets do what, and what guards the records there.

import { statfsSync } from 'node:fs'
import type { PgPool } from '../stores/postgres/database.ts'
import { LEDGERS } from '../stores/postgres/schemas.ts'
import { openSnapshot } from '../stores/postgres/snapshot.ts'
import { checkSchema } from '../stores/postgres/structure.ts'
import {
  clockAhead,
  type Power,
  type SchemaFacts,
  type ServerFacts,
  type StandbyFacts,
  surveyPowers,
  surveySchema,
  surveyServer,
  surveyStandbys,
  surveyTables,
  type TableFacts,
} from '../stores/postgres/survey.ts'
import { isLocal, type LedgerUrl } from '../stores/postgres/url.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { counted } from './output.ts'

const LOW_DISK_BYTES = 1_000_000_000
const CLOCK_MILLIS = 2_000

/** @throws LedgerError `store-unavailable` */
export async function examineServer(pool: PgPool, url: LedgerUrl): Promise<Finding[]> {
  const server = await surveyServer(pool)
  const tables = await surveyTables(pool)
  const findings = [
    serverFinding(server),
    durabilityFinding(server),
    writesFinding(server),
    standbyFinding(server, await surveyStandbys(pool)),
    clockFinding(await clockAhead(pool, Date.now)),
    sizeFinding(server, url),
    roleFinding(server.role, await surveyPowers(pool)),
  ]
  // Without a schema there is nothing to guard; that it is missing is said of the database.
  if (tables.length === 0) return findings
  const schema = await surveySchema(pool)
  return [...findings, tooManyRights(tables, schema), missingRights(tables, schema), await guardsFinding(pool)]
}

function serverFinding({ version, role, encoding }: ServerFacts): Finding {
  if (encoding === 'UTF8') return ok('server', `PostgreSQL ${version}, as ${role}`)
  return fail(
    'server',
    `PostgreSQL ${version}, as ${role}; the database keeps text in ${encoding}, and a ledger needs UTF8`,
    "CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0",
  )
}

function durabilityFinding({ settings }: ServerFacts): Finding {
  const { fsync, full_page_writes, synchronous_commit } = settings
  const says = Object.entries({ fsync, full_page_writes, synchronous_commit }).map(
    ([name, value]) => `${name} ${value}`,
  )
  for (const name of ['fsync', 'full_page_writes'] as const) {
    if (settings[name] === 'on') continue
    const cure = `set ${name} = on and restart the server; until then a loss of power loses records`
    return fail('durability', says.join(', '), cure)
  }
  const isRaised = ['off', 'local', 'remote_write'].includes(synchronous_commit)
  return ok('durability', `${says.join(', ')}${isRaised ? ', raised to on for every commit of a ledger' : ''}`)
}

function writesFinding({ readOnly }: ServerFacts): Finding {
  if (readOnly === undefined) return ok('writes', 'the server takes them')
  if (readOnly === 'standby') return fail('writes', 'this server is a standby, and takes none', 'name the primary')
  return fail('writes', 'default_transaction_read_only is on', 'turn it off for this role and database')
}

function standbyFinding({ settings }: ServerFacts, { connected, synchronous, hidden }: StandbyFacts): Finding {
  const names = settings.synchronous_standby_names
  const seen = `${counted(connected, 'standby')} connected`
  if (names === '') {
    const says = `${seen}; no commit waits for one: records are lost with this server`
    return warn('standbys', says, 'set synchronous_standby_names, where losing the server must lose no record')
  }
  if (connected === 0) {
    const says = `${seen}, and synchronous_standby_names is ${names}: every append waits`
    return fail('standbys', says, 'bring a standby back, or take it out of synchronous_standby_names')
  }
  if (hidden > 0) return ok('standbys', `${seen}, synchronous_standby_names is ${names}; pg_monitor shows their state`)
  if (synchronous > 0) return ok('standbys', `${seen}, ${synchronous} of them synchronous`)
  const says = `${seen}, none of them synchronous, and synchronous_standby_names is ${names}: every append waits`
  return fail('standbys', says, 'give a standby one of these names')
}

function clockFinding(ahead: number): Finding {
  const seconds = (Math.abs(ahead) / 1000).toFixed(1)
  const says = `the server's is ${seconds} s ${ahead < 0 ? 'behind' : 'ahead of'} ours`
  return Math.abs(ahead) <= CLOCK_MILLIS ? ok('clocks', says) : warn('clocks', says, 'let both follow the same time')
}

function sizeFinding({ databaseBytes, dataFolder }: ServerFacts, { host }: LedgerUrl): Finding {
  const size = `the database takes ${(databaseBytes / 1e9).toFixed(2)} GB`
  const free = isLocal(host) && dataFolder !== undefined ? freeBytes(dataFolder) : undefined
  if (free === undefined) return ok('server disk', `${size}; how much is free is unknown from here`)
  const says = `${size}, ${(free / 1e9).toFixed(1)} GB free`
  return free < LOW_DISK_BYTES
    ? warn('server disk', says, 'free some: when it is full, appends are refused')
    : ok('server disk', says)
}

// The folder may be one of a container, or closed to us.
function freeBytes(folder: string): number | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return undefined
  }
}

function roleFinding(role: string, powers: readonly Power[]): Finding {
  if (powers.length === 0)
    return ok('role', `${role} is no superuser and owns nothing here, and can become none that does`)
  const own = powers.filter((one) => one.role === role)
  const [first] = own.length > 0 ? own : powers
  const says =
    first?.role === role ? `${role} ${first.power}` : `${role} can become ${first?.role}, which ${first?.power}`
  return fail(
    'role',
    `${says}: it can change what is recorded`,
    'let servers connect as a role of their own: affidavit migrate --writer ROLE',
  )
}

/** What a server may write: columns, by table (grants.ts). */
const MAY_INSERT: Readonly<Record<string, readonly string[]>> = {
  checkpoints: ['ledger_no', 'size', 'note'],
  cosignatures: ['ledger_no', 'size', 'line_no', 'line'],
  entries: ['ledger_no', 'seq', 'entry', 'nodes'],
  payload_chunks: ['ledger_no', 'blob_id', 'chunk_no', 'sealed'],
  payloads: ['ledger_no', 'blob_id', 'body_digest', 'content_key', 'sealed'],
}
const MAY_UPDATE: Readonly<Record<string, readonly string[]>> = { heads: ['size'] }
const MAY_CALL = ['append', 'caller', 'create_ledger', 'sweep_payloads']

function tooManyRights(tables: readonly TableFacts[], { create, functions }: SchemaFacts): Finding {
  const found = tables.flatMap(({ table, may }) => [
    ...may.remove.map((right) => `${right} ${table}`),
    ...without(may.update, MAY_UPDATE[table]).map((name) => `UPDATE ${table}.${name}`),
    ...without(may.insert, MAY_INSERT[table]).map((name) => `INSERT ${table}.${name}`),
  ])
  const calls = without(functions, MAY_CALL).map((name) => `EXECUTE ${name}`)
  const all = [...(create ? ['CREATE in the schema'] : []), ...found, ...calls]
  if (all.length === 0) return ok('rights', 'this role can change, remove and forge nothing')
  return fail(
    'rights',
    `this role may ${firstOf(all)}`,
    'REVOKE it; affidavit migrate --writer ROLE, run as the owner, gives a server all it needs, and PUBLIC nothing',
  )
}

function missingRights(tables: readonly TableFacts[], { functions }: SchemaFacts): Finding {
  const missing = tables.flatMap(({ table, may }) => [
    ...(may.select ? [] : [`SELECT ${table}`]),
    ...without(MAY_INSERT[table], may.insert).map((name) => `INSERT ${table}.${name}`),
    ...without(MAY_UPDATE[table], may.update).map((name) => `UPDATE ${table}.${name}`),
  ])
  const all = [...missing, ...without(MAY_CALL, functions).map((name) => `EXECUTE ${name}`)]
  if (all.length === 0) return ok('needs', 'this role may do what a server does')
  return fail('needs', `this role may not ${firstOf(all)}`, 'affidavit migrate --writer ROLE, run as the owner')
}

function without(names: readonly string[] = [], taken: readonly string[] = []): readonly string[] {
  return names.filter((name) => !taken.includes(name))
}

// Triggers, policies, functions and rights of others, as the verifier compares them with what was released.
async function guardsFinding(pool: PgPool): Promise<Finding> {
  const snapshot = await openSnapshot(pool)
  try {
    const { findings } = await checkSchema(snapshot)
    if (findings.length === 0)
      return ok('guards', `schema ${LEDGERS.version}, every trigger and policy as it was released`)
    const told = findings.map(({ what, problem }) => `${what ?? 'the schema'} ${problem}`)
    return fail('guards', firstOf(told), 'find out who changed it; affidavit verify says whether records were changed')
  } finally {
    await snapshot.close()
  }
}

/** Findings that one line tells. */
const TOLD = 4

function firstOf(all: readonly string[]): string {
  const more = all.length > TOLD ? `, and ${all.length - TOLD} more` : ''
  return `${all.slice(0, TOLD).join(', ')}${more}`
}
