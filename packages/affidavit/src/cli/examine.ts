// What doctor looks at. Each look answers one line; nothing is changed.

import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { parseTimestamp } from '../clock/clock.ts'
import { databaseFile, keysFolder, readAnchor } from '../embedded/folder.ts'
import { type Place, shownPlace } from '../embedded/place.ts'
import { noLedgerAt, openStore, storeOf } from '../embedded/store.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fileKeys } from '../keys/file.ts'
import { checkKeys } from '../ledger/check-keys.ts'
import { checkpointFile } from '../ledger/checkpoint-file.ts'
import { recordOf } from '../ledger/read.ts'
import type { LedgerStore } from '../ledger/store.ts'
import type { PgPool } from '../stores/postgres/database.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { LEDGERS } from '../stores/postgres/schemas.ts'
import type { LedgerUrl } from '../stores/postgres/url.ts'
import { LEDGER_DATABASE } from '../stores/sqlite/connect.ts'
import { examineKeyring } from './examine-keyring.ts'
import { examineRights } from './examine-rights.ts'
import { examineServer } from './examine-server.ts'
import { examineWatch } from './examine-watch.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { count, counted } from './output.ts'

const LOW_DISK_BYTES = 1_000_000_000
const MINUTE = 60_000

export async function examine(place: Place): Promise<Finding[]> {
  const { home, database } = place
  const runtime = ok('runtime', `Node ${process.versions.node}, SQLite ${process.versions.sqlite ?? 'unknown'}`)
  if (database !== undefined) return [runtime, ...(await examineDatabase(home, database)), ...examineWatch(home)]
  return [
    runtime,
    ...(await examineLedger(place, () => openStore(place))),
    ...(existsSync(databaseFile(home)) ? [waitingFinding(home), ...examineWatch(home)] : []),
  ]
}

async function examineDatabase(home: string, database: LedgerUrl): Promise<Finding[]> {
  try {
    const pool = await openPool(database)
    const server = await examinePool(pool, database).catch(async (error) => {
      await pool.end()
      throw error
    })
    return [...server, ...(await examineLedger({ home, database }, async () => storeOf(database, pool)))]
  } catch (error) {
    if (error instanceof LedgerError) return [fail('server', error.problem, error.cure)]
    throw error
  }
}

async function examinePool(pool: PgPool, database: LedgerUrl): Promise<Finding[]> {
  return [...(await examineServer(pool, database, LEDGERS)), ...(await examineRights(pool, LEDGERS))]
}

/** The ledger itself. The store is closed afterwards. */
async function examineLedger(place: Place, open: () => Promise<LedgerStore>): Promise<Finding[]> {
  const folder = place.home
  let store: LedgerStore | undefined
  try {
    store = await open()
    const origin = (await store.ledgers()).at(-1)
    if (origin === undefined) throw noLedgerAt(place)
    const schema = place.database === undefined ? LEDGER_DATABASE.schemaVersion : LEDGERS.version
    const where = place.database === undefined ? databaseFile(folder) : shownPlace(place)
    return [
      ok('database', `${where}, schema ${schema}, ledger ${origin}`),
      ...(await recordFindings(store, origin)),
      ...(await keyFindings(folder, store, origin)),
      ...(await examineKeyring(place, store, origin)),
      await checkpointLogFinding(place, store, origin),
      diskFinding(folder),
    ]
  } catch (error) {
    if (error instanceof LedgerError) return [fail('database', error.problem, error.cure)]
    throw error
  } finally {
    await store?.close()
  }
}

async function recordFindings(store: LedgerStore, origin: string): Promise<Finding[]> {
  const head = await store.head(origin)
  if (head === undefined)
    return [
      fail('records', 'the ledger is empty: its creation was interrupted', 'remove the folder and run init again'),
    ]
  const published = (await store.latestCheckpoint(origin, head.size))?.size ?? 0
  const records = ok('records', `${count(head.size)}, the last one at ${head.recorded_at}`)
  return [records, await checkpointFinding(store, origin, published, head.size), clockFinding(head.recorded_at)]
}

async function checkpointFinding(
  store: LedgerStore,
  origin: string,
  published: number,
  size: number,
): Promise<Finding> {
  if (published === size) return ok('checkpoint', `covers all of ${counted(published, 'record')}`)
  const [oldest] = await store.entries(origin, { from_seq: published }, { limit: 1, order: 'ascending' })
  const since = oldest === undefined ? undefined : recordOf(oldest).recorded_at
  const age = since === undefined ? 0 : Math.max(0, Date.now() - (parseTimestamp(since) ?? 0))
  return warn(
    'checkpoint',
    `${counted(size - published, 'record')} without a checkpoint yet, the oldest for ${Math.round(age / 1000)} s`,
    'affidavit checkpoint --ledger DIR publishes one',
  )
}

function clockFinding(recorded_at: string): Finding {
  const ahead = (parseTimestamp(recorded_at) ?? 0) - Date.now()
  if (ahead <= MINUTE) return ok('clock', 'not behind the last record')
  return warn(
    'clock',
    `the last record is ${Math.round(ahead / MINUTE)} minutes ahead of this clock`,
    'set the clock; records keep the later time until then',
  )
}

async function keyFindings(folder: string, store: LedgerStore, origin: string): Promise<Finding[]> {
  const keys = keysFolder(folder)
  try {
    await checkKeys(store, origin, fileKeys(keys, origin))
  } catch (error) {
    if (error instanceof LedgerError) return [fail('keys', error.problem, error.cure)]
    throw error
  }
  const open = readdirSync(keys).filter(
    (name) => name.includes('.key') && (statSync(join(keys, name)).mode & 0o077) !== 0,
  )
  if (open.length === 0) return [ok('keys', `${keys}, readable by their owner only`)]
  return [fail('keys', `${open.join(', ')} can be read by others`, `chmod 600 ${keys}/*.key*`)]
}

async function checkpointLogFinding({ home, database }: Place, store: LedgerStore, origin: string): Promise<Finding> {
  const anchor = readAnchor(home)
  const newest = (await checkpointFile(anchor.folder).newest(origin)).at(-1)
  const size = (await store.head(origin))?.size ?? 0
  const where = `${anchor.folder} (${anchor.kind})`
  if (newest === undefined)
    return warn('checkpoint log', `${where} has no checkpoint of this ledger`, 'opening the ledger once releases them')
  if (newest.size > size)
    return fail(
      'checkpoint log',
      `${where} knows of ${newest.size} records, the database has ${size}`,
      'this database is an older copy, or was cut: run affidavit verify',
    )
  // With the records in a database, its home is apart from them.
  if (anchor.kind === 'same directory' && database === undefined)
    return warn('checkpoint log', where, 'init --anchor DIR keeps it on another disk or host')
  return ok('checkpoint log', where)
}

function diskFinding(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const says = `${(free / 1e9).toFixed(1)} GB free`
  return free < LOW_DISK_BYTES
    ? warn('disk', says, 'when it is full, appends are refused: nothing is lost, nothing is recorded')
    : ok('disk', says)
}

function waitingFinding(folder: string): Finding {
  try {
    const waiting = readdirSync(`${databaseFile(folder)}-turns`).length
    return ok('writers', waiting === 0 ? 'none waiting' : `${waiting} waiting for their turn`)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ok('writers', 'none waiting')
    throw error
  }
}
