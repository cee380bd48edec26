// Where the keyring of a ledger is: a file, or a database that its settings name and the environment may name anew (spec/vault.md §9).

import { LedgerError } from '../errors/ledger-error.ts'
import { formatLedgerUrl, isUrl, type LedgerUrl, parseKeyringUrl } from '../stores/postgres/url.ts'
import { keyringFile } from './folder.ts'
import { keptUrl } from './place.ts'
import { readSettings } from './settings.ts'

export type KeyringPlace =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'database'; readonly database: LedgerUrl }

/**
 * The keyring of the ledger with that home.
 * @throws LedgerError `not-a-ledger` (its settings), `invalid-query` (AFFIDAVIT_KEYRING)
 */
export function keyringPlace(home: string): KeyringPlace {
  const { keyring = home } = readSettings(home)
  if (!isUrl(keyring)) return { kind: 'file', file: keyringFile(keyring) }
  const kept = keptUrl(home, keyring, parseKeyringUrl)
  return { kind: 'database', database: fromEnvironment() ?? kept }
}

/** The keyring for people to read: without a password. */
export function shownKeyring(home: string): string {
  const place = keyringPlace(home)
  return place.kind === 'file' ? place.file : formatLedgerUrl(place.database)
}

/**
 * The database for a new keyring. The environment may give its password, and no other place: what is kept is what was said.
 * @throws LedgerError `invalid-query`
 */
export function newKeyringDatabase(text: string): LedgerUrl {
  const said = parseKeyringUrl(text)
  if (said.password !== undefined)
    throw wrong('the URL of the keyring holds a password, which is not kept', passwordCure)
  const named = fromEnvironment()
  if (named === undefined) return said
  if (formatLedgerUrl(named) === formatLedgerUrl(said)) return named
  throw wrong(
    `${VARIABLE} names ${formatLedgerUrl(named)}, and not the database for the new keyring`,
    `set it to the same URL, or leave it out`,
  )
}

const VARIABLE = 'AFFIDAVIT_KEYRING'
const passwordCure = `give it by PGPASSWORD or PGPASSFILE, or by the whole URL in ${VARIABLE}`

function fromEnvironment(): LedgerUrl | undefined {
  const text = process.env[VARIABLE] ?? ''
  if (text === '') return undefined
  try {
    return parseKeyringUrl(text)
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    throw wrong(`${VARIABLE}: ${error.problem}`, error.cure ?? '')
  }
}

function wrong(problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure, path: '--keyring' })
}
