// The clinic in the world: a ledger, an archive that locks, people who plan and approve, a clock, and the time as it is.

import { parseAccessPolicy } from '../../src/access/parse.ts'
import type { AccessPolicy } from '../../src/access/policy.ts'
import { archiveRecords } from '../../src/archive/archive-records.ts'
import type { Archiving } from '../../src/archive/archiving.ts'
import { readDue } from '../../src/archive/due.ts'
import type { ObjectStore } from '../../src/archive/object-store.ts'
import { databaseFile } from '../../src/embedded/folder.ts'
import { openFolderKeyring } from '../../src/embedded/keyring.ts'
import { openFolder } from '../../src/embedded/open.ts'
import { placeOf } from '../../src/embedded/place.ts'
import { openStore } from '../../src/embedded/store.ts'
import { generateSignerKey, type SignerKey } from '../../src/formats/signer-key.ts'
import { formatVerifierKey } from '../../src/formats/verifier-key.ts'
import type { DispositionOrder } from '../../src/ledger/judge-disposition.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import type { LedgerStore } from '../../src/ledger/store.ts'
import { parseRetentionSet } from '../../src/retention/parse.ts'
import type { PolicySet } from '../../src/retention/policy-set.ts'
import { connectSqlite } from '../../src/stores/sqlite/connect.ts'
import { localSqliteStore } from '../../src/stores/sqlite/local-store.ts'
import { type FixedClock, fixedClock } from '../../src/testing/fixed-clock.ts'
import { type MemoryObjects, memoryObjectStore } from '../../src/testing/memory-object-store.ts'
import { all } from '../archived-clinic.ts'
import type { Backend } from '../backend.ts'
import { QUIET } from '../erasure-clinic.ts'
import type { Paper } from './paper.ts'
import { fileOf, type PaperSet } from './paper-policies.ts'
import { type Power, powered, steadyPower } from './power.ts'

/** A plan, with or without the leave to carry it out. */
export interface Pending {
  readonly order: DispositionOrder
  readonly leave: 'approved' | 'not approved'
  readonly seqs: readonly number[]
}

/** One that has the ledger open, and its archive. */
interface Process {
  readonly ledger: Ledger
  readonly objects: ObjectStore
  /** What may come between its writes. */
  readonly power: Power
}

export interface World {
  readonly backend: Backend
  readonly folder: string
  readonly origin: string
  readonly verifierKey: string
  readonly kim: SignerKey
  readonly access: AccessPolicy
  readonly clock: FixedClock
  /** As it is, whatever the clock of the clinic shows: the archive goes by it. */
  readonly time: FixedClock
  readonly kept: MemoryObjects
  readonly pending: Pending[]
  /** Bytes of every entry, as they were written. */
  readonly written: Map<number, string>
  /** Seqs whose rows are stubs of archived entries. */
  left: ReadonlySet<number>
  process: Process
  /** What another process finds when it comes between: entries so far; absent where none came. */
  disturbedAt: number | undefined
  /** Of the database, and how many entries it has. */
  backup: { readonly folder: string; readonly size: number } | undefined
}

export type Made = Pick<World, 'backend' | 'folder' | 'origin' | 'verifierKey'>

export async function createWorld(made: Made, paper: Paper): Promise<World> {
  const kim = generateSignerKey('approver/kim', 'ed25519')
  const people = {
    'dr.lee': { roles: ['records_officer', 'privacy_officer'] },
    kim: { roles: ['records_approver', 'erasure_approver'], approval_key: formatVerifierKey(kim.verifierKey) },
  }
  const access = parseAccessPolicy(
    JSON.stringify({ affidavit_access: 1, revision: '1', people }),
    'json',
    'access.json',
  )
  const world = {
    ...{ ...made, kim, access, clock: fixedClock(paper.clock), time: fixedClock(paper.truth), kept: new Map() },
    ...{ pending: [], written: new Map(), left: new Set<number>(), disturbedAt: undefined, backup: undefined },
  }
  return { ...world, process: await openProcess(world, paper) }
}

export function setOf(set: PaperSet): PolicySet {
  return parseRetentionSet(fileOf(set), 'json', 'retention.json')
}

export async function openProcess(world: Omit<World, 'process'>, paper: Paper): Promise<Process> {
  const { folder, origin, clock, access } = world
  const power = steadyPower()
  const timeSource = { where: 'https://time.example', read: async () => ({ at: paper.truth, uncertainty_millis: 500 }) }
  const objects = powered(memoryObjectStore(world.kept, world.time), power)
  const ledger = await openFolder(folder, {
    ...{ publish: QUIET, clock, archive: objects, access, timeSource, retention: setOf(paper.set) },
    store: powered(await storeOf(folder, clock), power),
    keyring: powered(await openFolderKeyring(folder, origin, 'open'), power),
  })
  return { ledger, objects, power }
}

// In a file it is read in this thread, which is quicker for one so small.
async function storeOf(folder: string, clock: FixedClock): Promise<LedgerStore> {
  const place = placeOf(folder)
  if (place.database !== undefined) return openStore(place)
  return localSqliteStore({ connect: () => connectSqlite(databaseFile(folder), 'open'), reopen: 'possible', clock })
}

export async function closeProcess({ ledger, power }: Process): Promise<void> {
  await ledger.close().catch((error: unknown) => {
    if (!power.isGone) throw error
  })
}

export async function reopen(world: World, paper: Paper): Promise<void> {
  await closeProcess(world.process)
  paper.isJumped = false
  world.process = await openProcess(world, paper)
}

export async function archivingOf({ process: { ledger, objects } }: World, paper: Paper): Promise<Archiving> {
  const { archival } = ledger
  const dueOf = await readDue(archival.store, archival.ledger, { set: setOf(paper.set), at: archival.now() })
  return { ...archival, objects, dueOf }
}

export async function archiveAll(world: World, paper: Paper): Promise<void> {
  await world.process.ledger.publish()
  await all(archiveRecords(await archivingOf(world, paper)))
}
