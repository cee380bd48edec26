// What doctor says of a PostgreSQL server: whether it syncs, takes writes, has standbys, and room.

import { statfsSync } from 'node:fs'
import type { PgPool } from '../stores/postgres/database.ts'
import { KEYRINGS, LEDGERS, type SchemaKind } from '../stores/postgres/schemas.ts'
import {
  clockAhead,
  type ServerFacts,
  type StandbyFacts,
  surveyServer,
  surveyStandbys,
} from '../stores/postgres/survey.ts'
import { isLocal, type LedgerUrl } from '../stores/postgres/url.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { counted } from './output.ts'

const LOW_DISK_BYTES = 1_000_000_000
const CLOCK_MILLIS = 2_000

/** @throws LedgerError `store-unavailable` */
export async function examineServer(pool: PgPool, url: LedgerUrl, kind: SchemaKind): Promise<Finding[]> {
  const server = await surveyServer(pool)
  return [
    serverFinding(server),
    durabilityFinding(server),
    writesFinding(server),
    standbyFinding(server, await surveyStandbys(pool), kind),
    // What lies in a keyring has no time.
    ...(kind === LEDGERS ? [clockFinding(await clockAhead(pool, Date.now))] : []),
    sizeFinding(server, url),
  ]
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
    const cure = `set ${name} = on and restart the server; until then a loss of power loses what was acknowledged`
    return fail('durability', says.join(', '), cure)
  }
  const isRaised = ['off', 'local', 'remote_write'].includes(synchronous_commit)
  return ok('durability', `${says.join(', ')}${isRaised ? ', raised to on for every commit of ours' : ''}`)
}

function writesFinding({ readOnly }: ServerFacts): Finding {
  if (readOnly === undefined) return ok('writes', 'the server takes them')
  if (readOnly === 'standby') return fail('writes', 'this server is a standby, and takes none', 'name the primary')
  return fail('writes', 'default_transaction_read_only is on', 'turn it off for this role and database')
}

function standbyFinding(
  { settings }: ServerFacts,
  { connected, synchronous, hidden }: StandbyFacts,
  kind: SchemaKind,
): Finding {
  const names = settings.synchronous_standby_names
  const seen = `${counted(connected, 'standby')} connected`
  if (names === '' && kind === KEYRINGS) return unwaited(seen, connected)
  if (names === '') {
    const says = `${seen}; no commit waits for one: records are lost with this server`
    return warn('standbys', says, 'set synchronous_standby_names, where losing the server must lose no record')
  }
  if (connected === 0) {
    const says = `${seen}, and synchronous_standby_names is ${names}: every commit waits`
    return fail('standbys', says, 'bring a standby back, or take it out of synchronous_standby_names')
  }
  if (hidden > 0) return ok('standbys', `${seen}, synchronous_standby_names is ${names}; pg_monitor shows their state`)
  if (synchronous > 0) return ok('standbys', `${seen}, ${synchronous} of them synchronous`)
  const says = `${seen}, none of them synchronous, and synchronous_standby_names is ${names}: every commit waits`
  return fail('standbys', says, 'give a standby one of these names')
}

// A keyring that is turned over on the primary alone is one whose key is destroyed on the standby.
function unwaited(seen: string, connected: number): Finding {
  const lost = connected === 0 ? 'what was sealed since the last backup' : 'what was sealed since, or all of it'
  const when = connected === 0 ? 'when this server is lost' : 'when one of them is promoted that is behind'
  const says = `${seen}; no commit waits for one: ${lost} opens no more ${when}`
  return warn('standbys', says, 'set synchronous_standby_names; promote none that is not synchronous')
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
