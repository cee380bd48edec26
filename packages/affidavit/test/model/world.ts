// The ledger that is held against paper: a real one in a folder, opened by several at once.

import { existsSync, mkdtempSync, rmdirSync } from 'node:fs'

import { databaseFile } from '../../src/embedded/folder.ts'
import { openFolder } from '../../src/embedded/open.ts'
import { placeOf } from '../../src/embedded/place.ts'
import { openStore } from '../../src/embedded/store.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { LedgerStore } from '../../src/ledger/store.ts'
import { connectSqlite } from '../../src/stores/sqlite/connect.ts'
import { localSqliteStore } from '../../src/stores/sqlite/local-store.ts'
import { type FixedClock, fixedClock } from '../../src/testing/fixed-clock.ts'
import { ANY_ACTION } from '../any-draft.ts'
import type { Backend } from '../backend.ts'
import { withPersons } from '../persons.ts'
import { lazyKeyring } from './paper-keys.ts'
import { onPaper, type Paper, type PaperRecord, writtenOf } from './paper-ledger.ts'

/** Where the store works: in this thread, with a clock that stands still, or elsewhere, as for every user: in threads, or on a server. */
export type Place = 'this thread' | 'elsewhere'

export interface Handle {
  readonly ledger: Ledger
  /** Drops everything that a process holds, as its death would. */
  crash(): Promise<void>
}

export interface World {
  readonly backend: Backend
  readonly place: Place
  readonly folder: string
  /** Of the ledger as it was, where a backup was made. */
  readonly backup: string
  readonly clock: FixedClock
  readonly handles: Handle[]
  readonly keyring: ReturnType<typeof lazyKeyring>
}

/** Nothing is published but what a command asks for. */
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }
const ACTIONS = { [ANY_ACTION]: { description: 'A patient was referred to another clinic.' } }

/** A world with a copy of the ledger in `template`, its clock at `now`. */
export async function createWorld(backend: Backend, template: string, now: number, place: Place): Promise<World> {
  const folder = mkdtempSync(`${template}-`)
  rmdirSync(folder)
  await backend.copy(template, folder)
  const keyring = lazyKeyring(folder, 'model.example/agents/')
  return { backend, place, folder, backup: `${folder}.backup`, clock: fixedClock(now), handles: [], keyring }
}

export async function endWorld({ backend, folder, backup, handles, keyring }: World): Promise<void> {
  await Promise.all(handles.map(({ crash }) => crash()))
  await keyring.close()
  await backend.remove(folder)
  if (existsSync(backup)) await backend.remove(backup)
}

export async function openHandle(world: World, queueCapacity: number): Promise<Handle> {
  const { folder, clock } = world
  const store = await storeOf(world)
  // One keyring for all of them: what several make of one is its own tests' to say.
  const keyring = { ...(await world.keyring.get()), close: async () => undefined }
  const ledger = await openFolder(folder, { store, keyring, clock, queueCapacity, actions: ACTIONS, publish: QUIET })
  return { ledger, crash: () => store.close() }
}

async function storeOf({ folder, clock, place }: World): Promise<LedgerStore> {
  if (place === 'elsewhere') return openStore(placeOf(folder))
  const file = databaseFile(folder)
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

/** The records of an opened ledger, as paper has them. */
export async function recordsOf({ keyring }: World, records: AsyncIterable<object>): Promise<object[]> {
  const found: object[] = []
  for await (const record of records) found.push(onPaper(await withPersons(await keyring.get(), record)))
  return found
}
