// Making a ledger in a folder: database, keys, place of the checkpoint log, entry 0.

import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, renameSync, rmSync, type Stats, statSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { createFileKeys, retireFileKeys } from '../keys/file.ts'
import { makeFolder } from '../ledger/make-folder.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { databaseFile, defaultAnchor, keysFolder } from './folder.ts'
import { openFolderKeyring } from './keyring.ts'
import { openFolder, type PartOptions } from './open.ts'
import { nameOf, nameProblem, newIncarnation } from './origin.ts'
import { type KeyWrapperChoice, type Settings, writeSettings } from './settings.ts'

export interface InitOptions {
  /** The name others know the ledger by: a schema-less URL is customary, `clinic.example/agents`. */
  readonly origin: string
  /** Folder of the checkpoint log; best on another disk or host. `FOLDER/checkpoints` where left out. */
  readonly anchor?: string
  /** Folder of the keyring; best on another disk, with backups of its own. `FOLDER` where left out. */
  readonly keyring?: string
  /** Who keeps the key-encryption keys; files in `FOLDER/keys/kek` where left out. */
  readonly keyWrapper?: KeyWrapperChoice
}

/**
 * Creates a ledger. A folder that holds one already is left alone, also one that another process makes meanwhile.
 * @returns identity and verifier key
 * @throws LedgerError `invalid-origin`, `invalid-query` (the anchor), `ledger-exists`, `not-a-ledger` (it holds something
 *   else), `store-unavailable`, and what opening throws. Then nothing stands in `folder` that did not before.
 */
export async function initLedger(
  folder: string,
  options: InitOptions,
): Promise<{ origin: string; verifierKey: string }> {
  const problem = nameProblem(options.origin)
  if (problem !== undefined)
    throw new LedgerError('invalid-origin', {
      problem: `origin ${problem}`,
      cure: 'for example: clinic.example/agents',
    })
  const settings = settingsOf(folder, options)
  refuseOccupied(folder)
  for (const elsewhere of [settings.anchor, settings.keyring]) {
    if (elsewhere !== undefined) prepareFolder(elsewhere, elsewhere === settings.keyring ? 0o700 : 0o777)
  }
  const keyring = keyringElsewhere(settings)
  // Built beside its place and renamed into it: a crash leaves no half ledger behind under the wanted name.
  const building = `${resolve(folder)}.new-${randomBytes(4).toString('hex')}`
  prepareFolder(building, 0o700)
  try {
    const made = await build(building, newIncarnation(options.origin), settings)
    putInPlace(building, folder)
    return made
  } catch (error) {
    for (const suffix of ['', '-wal', '-shm']) if (keyring !== undefined) rmSync(`${keyring}${suffix}`, { force: true })
    throw error
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

function settingsOf(folder: string, { anchor, keyring, keyWrapper }: InitOptions): Settings {
  const elsewhere = {
    anchor: placeElsewhere(folder, anchor, { name: 'anchor', what: 'checkpoint log', usual: defaultAnchor(folder) }),
    keyring: placeElsewhere(folder, keyring, { name: 'keyring', what: 'keyring', usual: folder }),
  }
  return {
    ...(elsewhere.anchor === undefined ? {} : { anchor: resolve(elsewhere.anchor) }),
    ...(elsewhere.keyring === undefined ? {} : { keyring: resolve(elsewhere.keyring) }),
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
  if (!`${resolve(place)}${sep}`.startsWith(`${resolve(folder)}${sep}`)) return place
  throw new LedgerError('invalid-query', {
    problem: `the ${name} folder ${place} is inside the ledger's own folder`,
    cure: `name a folder elsewhere for the ${what}, best on another disk or host; or none`,
    path: name,
  })
}

// A keyring that is there belongs to another ledger, or to this one before it was lost.
function keyringElsewhere({ keyring }: Settings): string | undefined {
  if (keyring === undefined) return undefined
  const file = join(keyring, 'keyring.db')
  if (claimed(file)) return file
  throw new LedgerError('ledger-exists', {
    problem: `${file} is there already, and a new ledger needs a keyring of its own; nothing was changed`,
    cure: 'name another folder',
  })
}

// Whoever made the file has it: another process may be at the same place.
function claimed(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', 0o600))
    return true
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false
    throw cannotMake(file, cause)
  }
}

function prepareFolder(path: string, mode: number): void {
  try {
    makeFolder(path, mode)
  } catch (cause) {
    throw cannotMake(path, cause)
  }
}

function cannotMake(path: string, cause: unknown): LedgerError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError('store-unavailable', {
    problem: `the folder ${path} cannot be made or read: ${said}`,
    cure: 'name a place below folders that you may write in',
    cause,
  })
}

// Another process may have been quicker; a folder that is not empty is never replaced.
function putInPlace(building: string, folder: string): void {
  try {
    renameSync(building, folder)
  } catch (cause) {
    if (existsSync(databaseFile(folder))) throw alreadyThere(folder)
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('store-unavailable', {
      problem: `the ledger cannot be put in its place: ${said}`,
      cure: 'name a folder that is not there yet; inside a mounted disk, not the disk itself',
      cause,
    })
  }
}

/**
 * Continues in a new incarnation after the database was restored from a backup: new identity, new keys, and an entry 0
 * that names the old identity and its last checkpoint in this database. Where a crash interrupted it, doing it again
 * finishes it.
 * @throws LedgerError as opening does; `not-found` where the old ledger never published
 */
export async function continueAfterRestore(folder: string): Promise<{ origin: string; verifierKey: string }> {
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    const ledgers = await store.ledgers()
    const newest = ledgers.at(-1)
    if (newest === undefined) throw new LedgerError('not-a-ledger', { problem: `${folder} holds no ledger` })
    const last = await store.latestCheckpoint(newest, Number.MAX_SAFE_INTEGER)
    // The first thing a ledger does is to publish: a later one without a checkpoint is a continuation that was interrupted.
    if (last === undefined && ledgers.length > 1) return await start(folder, newest)
    if (last === undefined)
      throw new LedgerError('not-found', { problem: `${newest} has no checkpoint to continue from` })
    // Nothing is begun without the keys of the content.
    await (await openFolderKeyring(folder, newest, 'open')).close()
    const origin = newIncarnation(nameOf(newest))
    retireFileKeys(keysFolder(folder))
    createFileKeys(keysFolder(folder), origin)
    await store.create(origin)
    return await start(folder, origin)
  } finally {
    await store.close()
  }
}

async function build(
  folder: string,
  origin: string,
  settings: Settings,
): Promise<{ origin: string; verifierKey: string }> {
  createFileKeys(keysFolder(folder), origin)
  writeSettings(folder, settings)
  const keyring = await openFolderKeyring(folder, origin, 'create')
  const store = sqliteStore(databaseFile(folder), 'create')
  try {
    await store.create(origin)
  } catch (error) {
    await Promise.all([store.close(), keyring.close()])
    throw error
  }
  return start(folder, origin, { store, keyring })
}

/** Opening a ledger for the first time records its beginning; closing it publishes that, and closes its parts. */
async function start(
  folder: string,
  origin: string,
  parts: PartOptions = {},
): Promise<{ origin: string; verifierKey: string }> {
  const ledger = await openFolder(folder, parts)
  try {
    return { origin, verifierKey: await ledger.verifierKey() }
  } finally {
    await ledger.close()
  }
}

function alreadyThere(folder: string): LedgerError {
  return new LedgerError('ledger-exists', {
    problem: `${folder} holds a ledger already; nothing was changed`,
    cure: 'open it, or choose another folder',
  })
}

function refuseOccupied(folder: string): void {
  const [found] = contentsOf(folder)
  if (found === undefined) return
  if (existsSync(databaseFile(folder))) throw alreadyThere(folder)
  throw new LedgerError('not-a-ledger', {
    problem: `${folder} is not empty (${found}) and holds no ledger; nothing was changed`,
    cure: 'choose an empty or a new folder',
  })
}

function contentsOf(folder: string): readonly string[] {
  const kind = statOf(folder)
  if (kind === undefined) return []
  if (!kind.isDirectory()) {
    throw new LedgerError('not-a-ledger', {
      problem: `${folder} is a file, where the folder of the ledger would be; nothing was changed`,
      cure: 'choose an empty or a new folder',
    })
  }
  try {
    return readdirSync(folder)
  } catch (cause) {
    throw cannotMake(folder, cause)
  }
}

function statOf(folder: string): Stats | undefined {
  try {
    return statSync(folder, { throwIfNoEntry: false })
  } catch (cause) {
    throw cannotMake(folder, cause)
  }
}
