// What doctor looks at. Each look answers one line; nothing is changed.

import { readdirSync, statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { parseTimestamp } from '../clock/clock.ts'
import { databaseFile, keysFolder, readAnchor } from '../embedded/folder.ts'
import { keyringFile } from '../embedded/keyring.ts'
import { openKeyringToRead } from '../embedded/read-keyring.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { fileKeys } from '../keys/file.ts'
import { checkKeys } from '../ledger/check-keys.ts'
import { checkpointFile } from '../ledger/checkpoint-file.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { LEDGER_DATABASE } from '../stores/sqlite/connect.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { count, counted } from './output.ts'

export interface Finding {
  readonly state: 'ok' | 'warn' | 'fail'
  readonly about: string
  readonly says: string
  readonly cure?: string
}

const LOW_DISK_BYTES = 1_000_000_000
const MINUTE = 60_000

export async function examine(folder: string): Promise<Finding[]> {
  const runtime = ok('runtime', `Node ${process.versions.node}, SQLite ${process.versions.sqlite ?? 'unknown'}`)
  let store: LedgerStore | undefined
  try {
    store = sqliteStore(databaseFile(folder), 'open')
    const origin = (await store.ledgers()).at(-1)
    if (origin === undefined) return [runtime, fail('database', `${folder} holds no ledger`)]
    return [
      runtime,
      ok('database', `${databaseFile(folder)}, schema ${LEDGER_DATABASE.schemaVersion}, ledger ${origin}`),
      ...(await recordFindings(store, origin)),
      ...(await keyFindings(folder, store, origin)),
      await keyringFinding(folder, origin),
      await checkpointLogFinding(folder, store, origin),
      diskFinding(folder),
      waitingFinding(folder),
    ]
  } catch (error) {
    if (error instanceof LedgerError) return [runtime, fail('database', error.problem, error.cure)]
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
  const open = head.size - published
  const records = ok('records', `${count(head.size)}, the last one at ${head.recorded_at}`)
  const checkpoint =
    open === 0
      ? ok('checkpoint', `covers all of ${counted(published, 'record')}`)
      : warn(
          'checkpoint',
          `${counted(open, 'record')} without a checkpoint yet`,
          'affidavit checkpoint --ledger DIR publishes one',
        )
  return [records, checkpoint, clockFinding(head.recorded_at)]
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

async function keyringFinding(folder: string, origin: string): Promise<Finding> {
  try {
    const keyring = await openKeyringToRead(folder, origin)
    try {
      const { generation, version, retired } = await keyring.inForce()
      const says = `${keyringFile(folder)}, generation ${generation}, under key-encryption key ${version}`
      if (retired.length === 0) return ok('keyring', says)
      const stand = `${counted(retired.length, 'earlier one')} still to be destroyed`
      return warn(
        'keyring',
        `${says}; ${stand}`,
        'affidavit erase finish destroys what can be; a key service may take days',
      )
    } finally {
      await keyring.close()
    }
  } catch (error) {
    if (error instanceof LedgerError) return fail('keyring', error.problem, error.cure)
    throw error
  }
}

async function checkpointLogFinding(folder: string, store: LedgerStore, origin: string): Promise<Finding> {
  const anchor = readAnchor(folder)
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
  if (anchor.kind === 'same directory')
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

function ok(about: string, says: string): Finding {
  return { state: 'ok', about, says }
}

function warn(about: string, says: string, cure: string): Finding {
  return { state: 'warn', about, says, cure }
}

function fail(about: string, says: string, cure?: string): Finding {
  return { state: 'fail', about, says, ...(cure === undefined ? {} : { cure }) }
}
