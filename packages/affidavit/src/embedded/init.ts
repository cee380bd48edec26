// Making a ledger: its home with keys and the place of the checkpoint log, its database, and entry 0.

import { resolve, sep } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { createFileKeys, retireFileKeys } from '../keys/file.ts'
import { formatLedgerUrl, isUrl, type LedgerUrl, parseLedgerUrl } from '../stores/postgres/url.ts'
import { archiveSetting } from './archive-place.ts'
import { defaultAnchor, keysFolder } from './folder.ts'
import { initDatabase } from './init-database.ts'
import { initFolder, initFolderAndKeyring } from './init-folder.ts'
import { openFolderKeyring } from './keyring.ts'
import { newKeyringDatabase } from './keyring-place.ts'
import { nameOf, nameProblem, newIncarnation } from './origin.ts'
import { type Place, placeAt, placeOf } from './place.ts'
import type { KeyWrapperChoice, Settings } from './settings.ts'
import { type Made, start } from './start.ts'
import { noLedgerAt, openStore } from './store.ts'

export interface InitOptions {
  /** The name others know the ledger by: a schema-less URL is customary, `clinic.example/agents`. */
  readonly origin: string
  /** With the URL of a database: the folder of its keys, checkpoint log and settings, which is made. */
  readonly keys?: string
  /** Folder of the checkpoint log; best on another disk or host. `FOLDER/checkpoints` where left out. */
  readonly anchor?: string
  /**
   * Folder of the keyring, best on another disk, or URL of a database that was migrated for keyrings: with backups of its own.
   * `FOLDER` where left out.
   */
  readonly keyring?: string
  /** Folder of the archive, or its URL, such as `s3://BUCKET/PREFIX`; nothing is archived where left out. */
  readonly archive?: string
  /** Who keeps the key-encryption keys; files in `FOLDER/keys/kek` where left out. */
  readonly keyWrapper?: KeyWrapperChoice
}

/**
 * Creates a ledger, in a folder or in the database that a URL names. A folder that holds one already is left alone, and so is a
 * NAME that has begun; also one that another process makes meanwhile.
 * @returns identity and verifier key
 * @throws LedgerError `invalid-origin`, `invalid-query` (the anchor, a URL), `ledger-exists`, `not-a-ledger` (it holds something
 *   else), `store-unavailable`, and what opening throws. Then nothing stands in the folder that did not before; where records or
 *   keyring are in a database, what stands there and in the folder is finished by doing it again.
 */
export async function initLedger(ledger: string, { keys, ...options }: InitOptions): Promise<Made> {
  const { origin } = options
  const problem = nameProblem(origin)
  if (problem !== undefined)
    throw new LedgerError('invalid-origin', {
      problem: `origin ${problem}`,
      cure: 'for example: clinic.example/agents',
    })
  const named = isUrl(ledger) ? parseLedgerUrl(ledger).ledger : undefined
  if (named !== undefined && named !== origin) throw otherOrigin(named, origin)
  const { home, database } = placeOf(ledger, keys)
  const keyring = isUrl(options.keyring ?? '') ? newKeyringDatabase(options.keyring ?? '') : undefined
  const settings = settingsOf(home, { ...options, keyring: keyring ?? options.keyring })
  if (database !== undefined) {
    const url = { ...database, ledger: origin }
    return initDatabase({ home, database: url }, { ...settings, database: formatLedgerUrl(url) }, keyring)
  }
  if (keyring === undefined) return initFolder(home, origin, settings)
  return initFolderAndKeyring(home, origin, settings, keyring)
}

function otherOrigin(name: string, origin: string): LedgerError {
  return new LedgerError('invalid-origin', {
    problem: `the URL names the ledger ${name}, not ${origin}`,
    cure: 'name it once, or the same',
    path: 'origin',
  })
}

interface Told extends Pick<InitOptions, 'anchor' | 'archive' | 'keyWrapper'> {
  readonly keyring: string | LedgerUrl | undefined
}

function settingsOf(folder: string, { anchor: told, keyring: place, archive, keyWrapper }: Told): Settings {
  const anchor = placeElsewhere(folder, told, { name: 'anchor', what: 'checkpoint log', usual: defaultAnchor(folder) })
  const keyring =
    typeof place === 'object'
      ? formatLedgerUrl(place)
      : placeElsewhere(folder, place, { name: 'keyring', what: 'keyring', usual: folder })
  return {
    ...(anchor === undefined ? {} : { anchor }),
    ...(keyring === undefined ? {} : { keyring }),
    ...(archive === undefined ? {} : { archive: archiveSetting(folder, archive) }),
    ...(keyWrapper === undefined || keyWrapper.kind === 'file' ? {} : { key_wrapper: keyWrapper }),
  }
}

/** A part of a ledger that may be kept elsewhere. */
interface Part {
  readonly name: 'anchor' | 'keyring'
  readonly what: string
  /** Where it is kept when nothing is said. */
  readonly usual: string
}

// The place it has anyway needs no remembering, and moves with the ledger. Elsewhere inside the ledger it would lie in a
// folder that is not there yet.
function placeElsewhere(folder: string, place: string | undefined, { name, what, usual }: Part): string | undefined {
  if (place === undefined || resolve(place) === resolve(usual)) return undefined
  if (!`${resolve(place)}${sep}`.startsWith(`${resolve(folder)}${sep}`)) return resolve(place)
  throw new LedgerError('invalid-query', {
    problem: `the ${name} folder ${place} is inside the ledger's own folder`,
    cure: `name a folder elsewhere for the ${what}, best on another disk or host; or none`,
    path: name,
  })
}

/**
 * Continues in a new incarnation after the database was restored from a backup: new identity, new keys, and an entry 0
 * that names the old identity and its last checkpoint in this database. Where a crash interrupted it, doing it again
 * finishes it.
 * @throws LedgerError as opening does; `not-found` where the old ledger never published
 */
export async function continueAfterRestore(ledger: string | Place): Promise<Made> {
  const place = placeAt(ledger)
  const keys = keysFolder(place.home)
  const store = await openStore(place)
  try {
    const ledgers = await store.ledgers()
    const newest = ledgers.at(-1)
    if (newest === undefined) throw noLedgerAt(place)
    const last = await store.latestCheckpoint(newest, Number.MAX_SAFE_INTEGER)
    // The first thing a ledger does is to publish: a later one without a checkpoint is a continuation that was interrupted.
    if (last === undefined && ledgers.length > 1) return await start(place, newest)
    if (last === undefined)
      throw new LedgerError('not-found', { problem: `${newest} has no checkpoint to continue from` })
    // Nothing is begun without the keys of the content.
    await (await openFolderKeyring(place.home, newest, 'open')).close()
    const origin = newIncarnation(nameOf(newest))
    retireFileKeys(keys)
    createFileKeys(keys, origin)
    await store.create(origin)
    return await start(place, origin)
  } finally {
    await store.close()
  }
}
