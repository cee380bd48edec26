// affidavit: the audit ledger for AI agents. README.md has a runnable example.

import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'

import { isServerUrl } from './client/address.ts'
import { openRemote, type RemoteOptions } from './client/open.ts'
import type { RemoteLedger } from './client/remote-ledger.ts'
import { createLedgerArchive, type LedgerArchive } from './embedded/archiving.ts'
import { createLedgerDispositions, type LedgerDispositions } from './embedded/disposing.ts'
import { createLedgerErasures, type LedgerErasures } from './embedded/erasing.ts'
import { databaseFile, keysFolder, readAnchor } from './embedded/folder.ts'
import { createLedgerHolds, type LedgerHolds } from './embedded/holds.ts'
import { initLedger } from './embedded/init.ts'
import { type OpenOptions, openFolder } from './embedded/open.ts'
import { nameOf } from './embedded/origin.ts'
import { type Place, placeOf, shownPlace } from './embedded/place.ts'
import { LedgerError } from './errors/ledger-error.ts'
import type { Ledger as OpenLedger } from './ledger/ledger.ts'
import type { Operator } from './ledger/operator.ts'
import type { Reader } from './ledger/reader.ts'
import type { Reading } from './ledger/reading.ts'
import { type Questions, questionsOf } from './query/questions.ts'

export { parseAccessPolicy } from './access/parse.ts'
export type { AccessPolicy } from './access/policy.ts'
export type { LockProof, ObjectStat, ObjectStore } from './archive/object-store.ts'
export type { Removed } from './archive/remove.ts'
export type { ArchiveStatus } from './archive/status.ts'
export type { DetectedType, Detection, Detector } from './classify/detector.ts'
export { knownIdentifiers } from './classify/known-identifiers.ts'
export type { RemoteOptions } from './client/open.ts'
export type { RemoteReading } from './client/reading.ts'
export type { RemoteLedger } from './client/remote-ledger.ts'
export { type Clock, systemClock } from './clock/clock.ts'
export type { TimeReading, TimeSource } from './clock/time-source.ts'
export type { DispositionPapers } from './disposition/disposition-papers.ts'
export { type Approvable, readApprovable } from './embedded/approvable.ts'
export { type Approver, approve } from './embedded/approve.ts'
export { type ApproverKey, makeApproverKey } from './embedded/approver-key.ts'
export type { LedgerArchive } from './embedded/archiving.ts'
export type {
  DispositionAsked,
  DispositionOrdered,
  DispositionPlanned,
  LedgerDispositions,
} from './embedded/disposing.ts'
export type { ErasureAsked, ErasurePlanned, LedgerErasures } from './embedded/erasing.ts'
export type { HoldReleasePlanned, LedgerHolds } from './embedded/holds.ts'
export { continueAfterRestore, type InitOptions, initLedger } from './embedded/init.ts'
export type { OpenOptions } from './embedded/open.ts'
export type { KeyWrapperChoice } from './embedded/settings.ts'
export { ERROR_CODES, type ErrorCode, LedgerError } from './errors/ledger-error.ts'
export { type ActionDefinition, type ApplicationActions, defineActions } from './formats/actions.ts'
export type { ArchivedSegment } from './formats/archive-record.ts'
export type { Action, AuditRecord, ContentReference, Draft, DraftContent, Source } from './formats/fields.ts'
export type { CarriedOut } from './ledger/dispose.ts'
export type { DispositionStanding } from './ledger/disposition-standing.ts'
export type { ErasureStanding } from './ledger/erase.ts'
export type { Health } from './ledger/health.ts'
export type { HoldPlaced, HoldReleased, HoldRequest } from './ledger/hold.ts'
export type { Appended, AppendOutcome } from './ledger/ledger.ts'
export { wholeBody } from './ledger/open-content.ts'
export type { Operator } from './ledger/operator.ts'
export type { PublishSchedule } from './ledger/publisher.ts'
export type { SearchOptions } from './ledger/read.ts'
export type { Reader } from './ledger/reader.ts'
export type { ReadingFound } from './ledger/readers.ts'
export type { Reading, Revealed, RevealedRecord } from './ledger/reading.ts'
export type { KeyringRotated } from './ledger/rotate-keyring.ts'
export type { EntryFilter, StoredCheckpoint, StoredEntry } from './ledger/store.ts'
export type { Gaps, GapsWithin } from './query/gaps.ts'
export type { AccessFound, GrantFound, Grants, GrantsAbout } from './query/grants.ts'
export type { HoldFound, HoldsAsked, HoldsFound } from './query/holds.ts'
export type { Verdict } from './query/judge-authority.ts'
export type { Lineage, Step } from './query/lineage.ts'
export type { Questions } from './query/questions.ts'
export type { RetentionPlan } from './query/retention-plan.ts'
export type { RetentionStory } from './query/retention-story.ts'
export type { Versions, VersionsOf } from './query/versions.ts'
export { parseRegistry } from './registry/parse.ts'
export type { Registry } from './registry/registry.ts'
export { type DueAsked, type DueFound, retentionDue } from './retention/due.ts'
export { parseRetentionSet } from './retention/parse.ts'
export { builtInSet, type PolicySet } from './retention/policy-set.ts'

/** Reading is in somebody's name, and on record: what reads without is not given out, nor what a server needs. */
type Inside =
  | 'get'
  | 'at'
  | 'search'
  | 'entries'
  | 'recordedFilter'
  | 'prove'
  | 'archival'
  | 'dispositions'
  | 'erasures'
  | 'newestCheckpoint'
  | 'consistency'
  | 'writing'
  | 'canCommit'

/** A ledger that is open. Records are read through `as`. */
export interface Ledger extends Omit<OpenLedger, Inside | 'as' | 'holding'> {
  /** Reads in somebody's name: every read is on record before it is answered. */
  as(
    reader: Reader,
  ): Omit<Reading, 'ask' | 'askToReveal' | 'missing' | 'asRecorded' | 'recorded' | 'prove' | 'exportable'> & Questions
  /** Archives, and removes from the database and restores, in somebody's name. */
  archiving(by: Operator): LedgerArchive
  /** Places legal holds, and releases them with somebody else's approval, in somebody's name. */
  holding(by: Reader): LedgerHolds
  /** Plans what is due, and destroys it with somebody else's approval, in somebody's name. */
  disposing(by: Reader): LedgerDispositions
  /** Plans what makes content unreadable, and does it with somebody else's approval, in somebody's name. */
  erasing(by: Reader): LedgerErasures
}

/** Where a ledger is, and what it is called. */
interface Which {
  readonly origin?: string
  readonly anchor?: string
  /** With the URL of a database: the home of the ledger, which is the folder of its keys, checkpoint log and settings. */
  readonly keys?: string
}

/**
 * Opens a ledger on a server: `https://HOST/v1/ledgers/NAME`, or `https://HOST` where the server has one for the token. `http` is for
 * this machine alone. Close it, or hold it with `await using`: closing waits until what was taken is on record.
 * @throws LedgerError `invalid-query`, `not-signed-in`, `not-found`, `server-unavailable`, `rolled-back`, `forked`, `wrong-key`
 */
export async function openLedger(ledger: string, options: RemoteOptions): Promise<RemoteLedger>
/**
 * Opens the ledger in a folder, or in the PostgreSQL database that a URL names. With `origin` it is created where the folder is
 * new or empty; without, it must be there.
 * Close it, or hold it with `await using`: closing commits what was taken and publishes a checkpoint.
 * @throws LedgerError `invalid-origin` (also where the ledger that is there has another name), `invalid-query` (an anchor that is not its own; a URL that is none), `not-a-ledger`, `rolled-back`, `forked`, `missing-key`, `wrong-key`, `newer-format`, …
 */
export async function openLedger(ledger: string, options?: OpenOptions & Which): Promise<Ledger>
export async function openLedger(
  ledger: string,
  options: RemoteOptions | (OpenOptions & Which) = {},
): Promise<Ledger | RemoteLedger> {
  if ('token' in options && isServerUrl(ledger)) return openRemote(ledger, options)
  if ('token' in options)
    throw tokenFor('a ledger on a server, and this is none', 'leave token out, or name https://HOST')
  if (isServerUrl(ledger))
    throw tokenFor('this ledger, which is on a server; there is none', 'give openLedger an API key: { token }')
  return openEmbedded(ledger, options)
}

function tokenFor(what: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `a token opens ${what}`, cure, path: 'token' })
}

async function openEmbedded(
  ledger: string,
  { origin, anchor, keys, ...options }: OpenOptions & Which,
): Promise<Ledger> {
  if (origin !== undefined && !isMade(placeOf(ledger, keys))) {
    const parts = { ...(anchor === undefined ? {} : { anchor }), ...(keys === undefined ? {} : { keys }) }
    await initLedger(ledger, { origin, ...parts }).catch(unlessExists)
  }
  // Its home, now that it is there, knows its NAME.
  const place = placeOf(ledger, keys)
  const opened = await openFolder(place, options)
  const other = otherName(place, opened, origin) ?? otherAnchor(place, anchor)
  if (other === undefined) return withoutInside(opened, place.home, options)
  await opened.close()
  throw other
}

function isMade({ home, database }: Place): boolean {
  return existsSync(database === undefined ? databaseFile(home) : keysFolder(home))
}

function withoutInside(ledger: OpenLedger, home: string, { archive, access, clock }: OpenOptions): Ledger {
  const { get, at, search, entries, recordedFilter, prove, archival, dispositions, erasures, ...further } = ledger
  const { newestCheckpoint, consistency, writing, canCommit, as, holding, ...open } = further
  return {
    ...open,
    as(reader) {
      const { ask, askToReveal, missing, asRecorded, recorded, prove, exportable, ...reading } = as(reader)
      return { ...reading, ...questionsOf({ ask, missing }) }
    },
    archiving: (by) => createLedgerArchive(ledger, { home, archive, access, clock }, by),
    holding: (by) => createLedgerHolds({ as, holding }, by),
    disposing: (by) => createLedgerDispositions({ as, dispositions }, { home, access }, by),
    erasing: (by) => createLedgerErasures({ as, erasures }, { home, access }, by),
  }
}

function otherName(place: Place, { origin: found }: OpenLedger, origin: string | undefined): LedgerError | undefined {
  if (origin === undefined || nameOf(found) === origin) return undefined
  return new LedgerError('invalid-origin', {
    problem: `the ledger in ${shownPlace(place)} is ${nameOf(found)}, not ${origin}`,
    cure: 'name it as it is, leave origin out, or choose another folder',
    path: 'origin',
  })
}

// The place of the checkpoint log is settled when a ledger is made: what was released is there.
function otherAnchor({ home }: Place, anchor: string | undefined): LedgerError | undefined {
  const kept = readAnchor(home).folder
  if (anchor === undefined || realPath(kept) === realPath(anchor)) return undefined
  return new LedgerError('invalid-query', {
    problem: `the checkpoint log of the ledger in ${home} is kept in ${kept}, not in ${anchor}`,
    cure: 'name that folder, or leave anchor out',
    path: 'anchor',
  })
}

function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : resolve(path)
}

// Several processes that start at once make one ledger, and all of them open it.
function unlessExists(error: unknown): void {
  if (!(error instanceof LedgerError && error.code === 'ledger-exists')) throw error
}
