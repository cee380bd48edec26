// The ledger that is held against paper: a real one in a folder, opened by several at once.

import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs'

import { databaseFile } from '../../src/embedded/folder.ts'
import { openFolder } from '../../src/embedded/open.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { LedgerStore } from '../../src/ledger/store.ts'
import { connectSqlite } from '../../src/stores/sqlite/connect.ts'
import { localSqliteStore } from '../../src/stores/sqlite/local-store.ts'
import { sqliteStore } from '../../src/stores/sqlite/store.ts'
import { type FixedClock, fixedClock } from '../../src/testing/fixed-clock.ts'
import { ANY_ACTION } from '../any-draft.ts'
import { withPersons } from '../persons.ts'
import { lazyKeyring } from './paper-keys.ts'
import { onPaper, type Paper, type PaperRecord, writtenOf } from './paper-ledger.ts'

/** Where SQLite works: in this thread, with a clock that stands still, or in threads of its own, as for every user. */
export type Place = 'this thread' | 'own threads'

export interface Handle {
  readonly ledger: Ledger
  /** Drops everything that a process holds, as its death would. */
  crash(): Promise<void>
}

export interface World {
  readonly place: Place
  readonly folder: string
  readonly clock: FixedClock
  readonly handles: Handle[]
  readonly keyring: ReturnType<typeof lazyKeyring>
}

/** Nothing is published but what a command asks for. */
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const ACTIONS = { [ANY_ACTION]: { description: 'A patient was referred to another clinic.' } }

/** A world with a copy of the ledger in `template`, its clock at `now`. */
export function createWorld(template: string, now: number, place: Place): World {
  const folder = mkdtempSync(`${template}-`)
  cpSync(template, folder, { recursive: true })
  return { place, folder, clock: fixedClock(now), handles: [], keyring: lazyKeyring(folder, 'model.example/agents/') }
}

export async function endWorld({ folder, handles, keyring }: World): Promise<void> {
  await Promise.all(handles.map(({ crash }) => crash()))
  await keyring.close()
  rmSync(folder, { recursive: true, force: true })
}

export async function openHandle(world: World, queueCapacity: number): Promise<Handle> {
  const { folder, clock } = world
  const store = openStore(world)
  // One keyring for all of them: what several make of one is its own tests' to say.
  const keyring = { ...(await world.keyring.get()), close: async () => undefined }
  const ledger = await openFolder(folder, { store, keyring, clock, queueCapacity, actions: ACTIONS, publish: QUIET })
  return { ledger, crash: () => store.close() }
}

function openStore({ folder, clock, place }: World): LedgerStore {
  const file = databaseFile(folder)
  if (place === 'own threads') return sqliteStore(file, 'open')
  return localSqliteStore({ connect: () => connectSqlite(file, 'open'), reopen: 'possible', clock })
}

/** The paper of the newest ledger in a folder: entry 0 is copied, for its writer had a clock of his own. */
export async function paperOf(world: World, made: { origin: string; verifierKey: string }): Promise<Paper> {
  const { ledger, crash } = await openHandle(world, 1)
  const records: PaperRecord[] = []
  for await (const { entry } of ledger.entries()) records.push(writtenOf(entry))
  await crash()
  return { origin: made.origin, scopeKeys: new Map(), records, checkpoints: [1], keys: [made.verifierKey] }
}

/** Copies the database and nothing else. Whoever has it open must have closed it. */
export function copyDatabase(from: string, to: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(`${to}${suffix}`, { force: true })
    if (existsSync(`${from}${suffix}`)) cpSync(`${from}${suffix}`, `${to}${suffix}`)
  }
}

/** The records of an opened ledger, as paper has them. */
export async function recordsOf({ keyring }: World, records: AsyncIterable<object>): Promise<object[]> {
  const found: object[] = []
  for await (const record of records) found.push(onPaper(await withPersons(await keyring.get(), record)))
  return found
}
