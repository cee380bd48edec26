// What lies where in the folder of an embedded ledger.

import { existsSync } from 'node:fs'
import { join } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { CHECKPOINT_LOG } from '../ledger/checkpoint-file.ts'
import { readSettings, settingsFile } from './settings.ts'
import { statOf } from './stat.ts'

/** Where the checkpoint log is kept, and how independent of the database that is. */
export interface AnchorPlace {
  readonly folder: string
  readonly kind: 'same directory' | 'own directory'
}

export function databaseFile(folder: string): string {
  return join(folder, 'ledger.db')
}

/** The file of a keyring that is kept in a folder. */
export function keyringFile(folder: string): string {
  return join(folder, 'keyring.db')
}

export function keysFolder(folder: string): string {
  return join(folder, 'keys')
}

/** Whether a ledger was made in `folder`, or the home of one whose records are elsewhere. */
export function holdsLedger(folder: string): boolean {
  return existsSync(databaseFile(folder)) || readSettings(folder).database !== undefined
}

/** Where the checkpoint log is kept where init was told of no other place. */
export function defaultAnchor(folder: string): string {
  return join(folder, 'checkpoints')
}

/**
 * The folder of the checkpoint log: as init was told, else `checkpoints` beside the database.
 * @throws LedgerError `not-a-ledger` where `folder` is none or its settings are unreadable; `store-unavailable` where
 *   something that is no file, such as a pipe that never ends, stands in the place of the log
 */
export function readAnchor(folder: string): AnchorPlace {
  if (statOf(folder)?.isDirectory() === false) {
    throw new LedgerError('not-a-ledger', {
      problem: `${folder} is a file, not the folder of a ledger`,
      cure: 'name the folder that holds its keys',
    })
  }
  const place = placeOf(folder)
  const log = join(place.folder, CHECKPOINT_LOG)
  if (statOf(log)?.isFile() !== false) return place
  throw new LedgerError('store-unavailable', {
    problem: `${log} is no regular file, and so not the checkpoint log`,
    cure: 'find out who put it there; bring the checkpoint log back from where it was moved to, or from a backup',
  })
}

function placeOf(folder: string): AnchorPlace {
  const { anchor } = readSettings(folder)
  if (anchor === undefined) return { folder: defaultAnchor(folder), kind: 'same directory' }
  return { folder: anchor, kind: 'own directory' }
}

/** That there is no ledger in `folder`, or what is missing of the one that was there. */
export function noLedger(folder: string): LedgerError {
  const others = [keysFolder(folder), defaultAnchor(folder), settingsFile(folder)]
  if (existsSync(databaseFile(folder)) || !others.some((part) => existsSync(part))) {
    return new LedgerError('not-a-ledger', {
      problem: `${folder} holds no ledger`,
      cure: 'create one with affidavit init --ledger DIR --origin NAME, or openLedger(DIR, { origin: NAME })',
    })
  }
  return new LedgerError('not-a-ledger', {
    problem: `${databaseFile(folder)} is missing, though other parts of a ledger are there`,
    cure: 'bring it back from where it was moved to, or from a backup; affidavit verify reports what is gone',
  })
}
