// One run of everything that writes, on a ledger whose database and checkpoint log may be broken at a chosen write. The
// same run serves the fault table in its own process and, for kills, in a child.

import { dirname } from 'node:path'

import { systemClock } from '../src/clock/clock.ts'
import { createRandomSource } from '../src/crypto/random.ts'
import { databaseFile, keyringFile, keysFolder, readAnchor } from '../src/embedded/folder.ts'
import { openWrapper } from '../src/embedded/keyring.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import { fileKeys } from '../src/keys/file.ts'
import { checkpointFile } from '../src/ledger/checkpoint-file.ts'
import { dispositionFiles } from '../src/ledger/disposition-files.ts'
import { createLedger, type Ledger } from '../src/ledger/ledger.ts'
import { type Publishing, publishHeartbeat } from '../src/ledger/publish.ts'
import type { LedgerStore } from '../src/ledger/store.ts'
import { wait } from '../src/stores/sqlite/calls.ts'
import { connectSqlite } from '../src/stores/sqlite/connect.ts'
import { KEYRING_DATABASE, localKeyringStore } from '../src/stores/sqlite/local-keyring.ts'
import { localSqliteStore } from '../src/stores/sqlite/local-store.ts'
import { faultyDatabase } from '../src/testing/faulty-database.ts'
import { faultyFiles } from '../src/testing/faulty-file.ts'
import type { WriteFaults } from '../src/testing/write-faults.ts'
import { type Keyring, openKeyring } from '../src/vault/keyring.ts'

export interface Place {
  readonly id: string
  readonly seq: number
  readonly integrity_hash: string
}

/** What the caller of a step was told: what is durable now, or which error. `ids` are those that were handed in. */
export type Told =
  | { readonly step: string; readonly kind: 'acknowledged'; readonly place: Place }
  | { readonly step: string; readonly kind: 'published'; readonly size: number }
  | { readonly step: string; readonly kind: 'done' }
  | {
      readonly step: string
      readonly kind: 'failed'
      readonly code: LedgerError['code']
      readonly ids: readonly string[]
    }

export interface FaultyParts {
  readonly folder: string
  readonly database: WriteFaults
  readonly file: WriteFaults
  /** Whether a connection can be replaced after a failed COMMIT. */
  readonly reopen: 'possible' | 'impossible'
}

type Tell = (told: Told) => void

/** Draft number `i` of the run; always the same. */
export function scenarioDraft(i: number): Draft & { id: string } {
  return {
    id: `01a1fc50-5200-7000-8000-00000000000${i}`,
    action: 'tool_invoked',
    actor_id: 'agent-1',
    actor_type: 'agent',
    ...(i % 2 === 0 ? { conversation_id: 'c' } : {}),
    ...(i % 3 === 0 ? { subject_ids: ['p1', 'p2'] } : {}),
  }
}

/** How many drafts a whole run records. */
export const SCENARIO_DRAFTS = 6

/** Runs all that writes, telling after each step. A step that fails does not keep the next from being tried. */
export async function runScenario(parts: FaultyParts, tell: Tell): Promise<void> {
  const store = faultyStore(parts)
  const [origin = ''] = await store.ledgers()
  const publishing: Publishing = {
    store,
    ledger: origin,
    keys: fileKeys(keysFolder(parts.folder), origin),
    outside: checkpointFile(readAnchor(parts.folder).folder, faultyFiles(parts.file)),
  }
  const keyring = await openBesideUs(parts.folder, origin)
  const ledger = await openWith(publishing, keyring)
  await append('first', ledger, [0], tell)
  await append('several, one of them twice', ledger, [1, 2, 3, 1], tell)
  await publish('publish', ledger, tell)
  await publish('publish, nothing new', ledger, tell)
  await append('fourth', ledger, [4], tell)
  await publish('publish again', ledger, tell)
  await heartbeat(publishing, tell)
  await append('last', ledger, [5], tell)
  await step('close', [], tell, async () => {
    await ledger.close()
    return { step: 'close', kind: 'done' }
  })
}

function faultyStore({ folder, database, reopen }: FaultyParts): LedgerStore {
  const connect = () => faultyDatabase(connectSqlite(databaseFile(folder), 'open'), database)
  if (reopen === 'possible') return localSqliteStore({ connect, reopen })
  const given = connect()
  const store = localSqliteStore({ connect: () => given, reopen })
  const close = async (): Promise<void> => {
    await store.close()
    given.close()
  }
  return { ...store, close }
}

// In this thread: a thread of its own would cost more than the run.
async function openBesideUs(folder: string, origin: string): Promise<Keyring> {
  const name = nameOf(origin)
  const connect = () => connectSqlite(keyringFile(folder), 'open', KEYRING_DATABASE)
  const wrapper = await openWrapper(folder, name)
  return openKeyring({ store: localKeyringStore(connect, wait), wrapper, name, random: createRandomSource() })
}

function openWith(publishing: Publishing, keyring: Keyring): Promise<Ledger> {
  const never = 3_600_000
  return createLedger({
    ...publishing,
    keyring,
    dispositionFiles: dispositionFiles(dirname(publishing.outside.path)),
    clock: systemClock,
    actions: {},
    queueCapacity: 100,
    patienceMillis: 1_000,
    publish: { intervalMillis: never, afterEntries: never, heartbeatMillis: never },
    start: { kind: 'new', checkpoint_log: 'same folder', keyring: 'same folder' },
  })
}

// Each draft is told of by itself: drafts that were handed in together may end up in two batches.
async function append(name: string, ledger: Ledger, drafts: readonly number[], tell: Tell): Promise<void> {
  const steps = drafts.map((i) => {
    const draft = scenarioDraft(i)
    return step(name, [draft.id], tell, async () => {
      const { id, seq, integrity_hash } = await ledger.append(draft)
      return { step: name, kind: 'acknowledged', place: { id, seq, integrity_hash } }
    })
  })
  await Promise.all(steps)
}

function publish(name: string, ledger: Ledger, tell: Tell): Promise<void> {
  return step(name, [], tell, async () => ({ step: name, kind: 'published', size: (await ledger.publish()).size }))
}

function heartbeat(publishing: Publishing, tell: Tell): Promise<void> {
  return step('heartbeat', [], tell, async () => {
    const newest = await publishing.store.latestCheckpoint(publishing.ledger, Number.MAX_SAFE_INTEGER)
    if (newest !== undefined) await publishHeartbeat(publishing, newest, systemClock.now())
    return { step: 'heartbeat', kind: 'done' }
  })
}

async function step(name: string, ids: readonly string[], tell: Tell, work: () => Promise<Told>): Promise<void> {
  try {
    tell(await work())
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    tell({ step: name, kind: 'failed', code: error.code, ids })
  }
}
