// Where a ledger is: its home folder, and the database where its records are not in there (spec/postgres.md §5).

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { formatLedgerUrl, isUrl, type LedgerUrl, parseLedgerUrl } from '../stores/postgres/url.ts'
import { databaseFile } from './folder.ts'
import { readSettings, settingsFile } from './settings.ts'

export interface Place {
  /** The folder of its keys, checkpoint log, policy and settings. */
  readonly home: string
  /** Where its records are; `ledger.db` in its home where absent. */
  readonly database?: LedgerUrl
}

/**
 * The place that a folder is, or a URL together with a home: then the URL says where the database is now.
 * @throws LedgerError `invalid-query` (a URL that is none, or without a home; a home of another ledger), `not-a-ledger` (its settings)
 */
export function placeOf(ledger: string, home?: string): Place {
  if (!isUrl(ledger)) {
    if (home !== undefined && resolve(home) !== resolve(ledger)) throw needless(ledger)
    const database = databaseOf(ledger)
    return database === undefined ? { home: ledger } : { home: ledger, database }
  }
  const url = parseLedgerUrl(ledger)
  if (home === undefined) throw homeless()
  const kept = databaseOf(home)
  if (kept === undefined && existsSync(databaseFile(home))) throw otherHome(home, 'it holds a ledger of its own')
  const name = url.ledger ?? kept?.ledger
  if (kept?.ledger !== undefined && name !== kept.ledger) throw otherHome(home, `it is the home of ${kept.ledger}`)
  return { home, database: name === undefined ? url : { ...url, ledger: name } }
}

/** A place; a text names one by itself. @throws LedgerError as placeOf does */
export function placeAt(where: string | Place): Place {
  return typeof where === 'string' ? placeOf(where) : where
}

/** Where the records are, for people to read: without a password. */
export function shownPlace({ home, database }: Place): string {
  return database === undefined ? home : formatLedgerUrl(database)
}

/** The database that the settings of a home name. */
function databaseOf(home: string): LedgerUrl | undefined {
  const { database } = readSettings(home)
  return database === undefined ? undefined : keptUrl(home, database, parseLedgerUrl)
}

/** A URL that stands in the settings of a home. @throws LedgerError `not-a-ledger` */
export function keptUrl(home: string, text: string, parse: (text: string) => LedgerUrl): LedgerUrl {
  const url = parseKept(home, text, parse)
  if (url.password === undefined) return url
  throw badSettings(home, 'the URL in it holds a password', 'take it out: PGPASSWORD and PGPASSFILE give one')
}

function parseKept(home: string, text: string, parse: (text: string) => LedgerUrl): LedgerUrl {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    throw badSettings(home, error.problem, error.cure ?? '')
  }
}

function badSettings(home: string, problem: string, cure: string): LedgerError {
  return new LedgerError('not-a-ledger', { problem: `${settingsFile(home)}: ${problem}`, cure })
}

function homeless(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: 'a URL says where the records are, and not where the keys of the ledger are',
    cure: 'name its home folder: --keys DIR, or AFFIDAVIT_KEYS; in a program { keys: DIR }',
    path: '--keys',
  })
}

function needless(ledger: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `--keys says nothing where --ledger is a folder: the keys of the ledger are in ${ledger}`,
    cure: 'leave it out, or name the URL of the database',
    path: '--keys',
  })
}

function otherHome(home: string, why: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${home} is not the home of this ledger: ${why}`,
    cure: 'name the folder that init made for it',
    path: '--keys',
  })
}
