// affidavit: the audit ledger for AI agents. README.md has a runnable example.

import { existsSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'

import { databaseFile, readAnchor } from './embedded/folder.ts'
import { initLedger } from './embedded/init.ts'
import { type OpenOptions, openFolder } from './embedded/open.ts'
import { nameOf } from './embedded/origin.ts'
import { LedgerError } from './errors/ledger-error.ts'
import type { Ledger as OpenLedger } from './ledger/ledger.ts'
import type { Reader } from './ledger/reader.ts'
import type { Reading } from './ledger/reading.ts'

export type { DetectedType, Detection, Detector } from './classify/detector.ts'
export { knownIdentifiers } from './classify/known-identifiers.ts'
export { type Clock, systemClock } from './clock/clock.ts'
export { continueAfterRestore, type InitOptions, initLedger } from './embedded/init.ts'
export type { OpenOptions } from './embedded/open.ts'
export type { KeyWrapperChoice } from './embedded/settings.ts'
export { ERROR_CODES, type ErrorCode, LedgerError } from './errors/ledger-error.ts'
export { type ActionDefinition, type ApplicationActions, defineActions } from './formats/actions.ts'
export type { Action, AuditRecord, ContentReference, Draft, DraftContent, Source } from './formats/fields.ts'
export type { Appended, AppendOutcome, Health } from './ledger/ledger.ts'
export { wholeBody } from './ledger/open-content.ts'
export type { Operator } from './ledger/operator.ts'
export type { PublishSchedule } from './ledger/publisher.ts'
export type { SearchOptions } from './ledger/read.ts'
export type { Reader } from './ledger/reader.ts'
export type { ReadingFound } from './ledger/readers.ts'
export type { Reading, Revealed, RevealedRecord } from './ledger/reading.ts'
export type { KeyringRotated } from './ledger/rotate-keyring.ts'
export type { EntryFilter, StoredCheckpoint, StoredEntry } from './ledger/store.ts'
export { parseRegistry } from './registry/parse.ts'
export type { Registry } from './registry/registry.ts'

/** Reading is in somebody's name, and on record: what reads without is not given out. */
type Unrecorded = 'get' | 'at' | 'search' | 'entries' | 'recordedFilter' | 'prove'

/** A ledger that is open. Records are read through `as`. */
export interface Ledger extends Omit<OpenLedger, Unrecorded | 'as'> {
  /** Reads in somebody's name: every read is on record before it is answered. */
  as(reader: Reader): Omit<Reading, 'recorded'>
}

/**
 * Opens the ledger in a folder. With `origin` it is created where the folder is new or empty; without, it must be there.
 * Close it, or hold it with `await using`: closing commits what was taken and publishes a checkpoint.
 * @throws LedgerError `invalid-origin` (also where the ledger that is there has another name), `invalid-query` (an anchor that is not its own), `not-a-ledger`, `rolled-back`, `forked`, `missing-key`, `wrong-key`, `newer-format`, …
 */
export async function openLedger(
  folder: string,
  { origin, anchor, ...options }: OpenOptions & { readonly origin?: string; readonly anchor?: string } = {},
): Promise<Ledger> {
  if (origin !== undefined && !existsSync(databaseFile(folder))) {
    await initLedger(folder, anchor === undefined ? { origin } : { origin, anchor }).catch(unlessExists)
  }
  const ledger = await openFolder(folder, options)
  const other = otherName(folder, ledger, origin) ?? otherAnchor(folder, anchor)
  if (other === undefined) return withoutUnrecorded(ledger)
  await ledger.close()
  throw other
}

function withoutUnrecorded(ledger: OpenLedger): Ledger {
  const { get, at, search, entries, recordedFilter, prove, as, ...open } = ledger
  return {
    ...open,
    as(reader) {
      const { recorded, ...reading } = as(reader)
      return reading
    },
  }
}

function otherName(folder: string, { origin: found }: OpenLedger, origin: string | undefined): LedgerError | undefined {
  if (origin === undefined || nameOf(found) === origin) return undefined
  return new LedgerError('invalid-origin', {
    problem: `the ledger in ${folder} is ${nameOf(found)}, not ${origin}`,
    cure: 'name it as it is, leave origin out, or choose another folder',
    path: 'origin',
  })
}

// The place of the checkpoint log is settled when a ledger is made: what was released is there.
function otherAnchor(folder: string, anchor: string | undefined): LedgerError | undefined {
  const place = readAnchor(folder).folder
  if (anchor === undefined || realPath(place) === realPath(anchor)) return undefined
  return new LedgerError('invalid-query', {
    problem: `the checkpoint log of the ledger in ${folder} is kept in ${place}, not in ${anchor}`,
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
