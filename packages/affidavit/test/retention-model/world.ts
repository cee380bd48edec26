// The clinic in the world: a ledger in a file, an archive that locks, people who plan and approve, a clock, and the time as it is.

import assert from 'node:assert/strict'

import { parseAccessPolicy } from '../../src/access/parse.ts'
import type { AccessPolicy } from '../../src/access/policy.ts'
import { archiveRecords } from '../../src/archive/archive-records.ts'
import type { Archiving } from '../../src/archive/archiving.ts'
import { readDue } from '../../src/archive/due.ts'
import { createArchiveReader } from '../../src/archive/reader.ts'
import { databaseFile } from '../../src/embedded/folder.ts'
import { openFolder } from '../../src/embedded/open.ts'
import { generateSignerKey, type SignerKey } from '../../src/formats/signer-key.ts'
import { formatVerifierKey } from '../../src/formats/verifier-key.ts'
import type { ArchiveReader } from '../../src/ledger/archive-reader.ts'
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
import { QUIET } from '../erasure-clinic.ts'
import type { Paper } from './paper.ts'
import { fileOf, type PaperSet } from './paper-policies.ts'

/** A plan, with or without the leave to carry it out. */
export interface Pending {
  readonly order: DispositionOrder
  readonly leave: 'approved' | 'not approved'
  readonly seqs: readonly number[]
}

export interface World {
  readonly folder: string
  readonly verifierKey: string
  readonly kim: SignerKey
  readonly access: AccessPolicy
  readonly clock: FixedClock
  readonly kept: MemoryObjects
  readonly pending: Pending[]
  /** Bytes of every entry, as they were written. */
  readonly written: Map<number, string>
  /** Seqs whose rows are stubs of archived entries. */
  left: ReadonlySet<number>
  ledger: Ledger
  /** Writes to the database that are still possible. */
  readonly power: { writes: number; when: 'before' | 'after' }
}

export type Made = Pick<World, 'folder' | 'verifierKey'>

const WRITES = new Set(['commit', 'keepCheckpoint', 'replaceEntries', 'bringBack', 'keepPayload', 'keepChunks'])

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
    ...{ ...made, kim, access, clock: fixedClock(paper.clock), kept: new Map(), pending: [], written: new Map() },
    ...{ left: new Set<number>(), power: { writes: Number.POSITIVE_INFINITY, when: 'before' as const } },
  }
  return Object.assign(world, { ledger: await openLedger(world, paper) })
}

export function setOf(set: PaperSet): PolicySet {
  return parseRetentionSet(fileOf(set), 'json', 'retention.json')
}

async function openLedger(
  world: Pick<World, 'folder' | 'clock' | 'kept' | 'access' | 'power'>,
  paper: Paper,
): Promise<Ledger> {
  const { folder, clock, kept, access, power } = world
  let reader: ArchiveReader | undefined
  const archiveReader: ArchiveReader = {
    entries: (places) => (reader ?? assert.fail('it is not open')).entries(places),
    chunks: (place, blob_id) => (reader ?? assert.fail('it is not open')).chunks(place, blob_id),
  }
  const timeSource = { where: 'https://time.example', read: async () => ({ at: paper.truth, uncertainty_millis: 500 }) }
  const store = powered(folder, clock, power)
  const parts = { publish: QUIET, store, clock, archiveReader, access, timeSource, retention: setOf(paper.set) }
  const ledger = await openFolder(folder, parts)
  const objects = memoryObjectStore(kept, clock)
  reader = createArchiveReader({ objects, ledger: ledger.origin, keyring: ledger.archival.keyring })
  return ledger
}

// A database that fails from some write on, as one does whose machine goes dark.
function powered(folder: string, clock: FixedClock, power: World['power']): LedgerStore {
  const file = databaseFile(folder)
  const store = localSqliteStore({ connect: () => connectSqlite(file, 'open'), reopen: 'possible', clock })
  return new Proxy<LedgerStore>(store, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver)
      if (typeof member !== 'function' || typeof name !== 'string' || !WRITES.has(name)) return member
      return async (...args: readonly unknown[]) => {
        const isLast = power.writes === 0
        if (power.writes-- > 0 || (isLast && power.when === 'after')) {
          const answer: unknown = await Reflect.apply(member, target, args)
          if (!isLast) return answer
        }
        throw new Error('the power is gone')
      }
    },
  })
}

export async function reopen(world: World, paper: Paper): Promise<void> {
  await world.ledger.close().catch((error: unknown) => {
    if (world.power.writes >= 0) throw error
  })
  world.power.writes = Number.POSITIVE_INFINITY
  paper.isJumped = false
  world.ledger = await openLedger(world, paper)
}

export async function archivingOf({ ledger, kept, clock }: World, paper: Paper): Promise<Archiving> {
  const { archival } = ledger
  const dueOf = await readDue(archival.store, archival.ledger, { set: setOf(paper.set), at: archival.now() })
  return { ...archival, objects: memoryObjectStore(kept, clock), dueOf }
}

export async function archiveAll(world: World, paper: Paper): Promise<void> {
  await world.ledger.publish()
  await all(archiveRecords(await archivingOf(world, paper)))
}
