// The home of a new ledger: built beside its place, and renamed into it, so that a crash leaves no half of one under its name.

import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readdirSync, renameSync, rmSync, type Stats, statSync } from 'node:fs'
import { resolve } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { makeFolder } from '../ledger/make-folder.ts'
import { isUrl } from '../stores/postgres/url.ts'
import { folderOfArchive } from './archive-place.ts'
import { holdsLedger, keyringFile } from './folder.ts'
import type { Settings } from './settings.ts'

/**
 * Lets `build` fill a folder, and puts that in the place of `home`. Where that cannot be done, nothing stands in `home` that did
 * not before.
 * @throws LedgerError `ledger-exists`, `store-unavailable`, and what `build` throws
 */
export async function buildHome<T>(
  home: string,
  settings: Settings,
  build: (building: string) => Promise<T>,
): Promise<T> {
  const keyringFolder = settings.keyring === undefined || isUrl(settings.keyring) ? undefined : settings.keyring
  if (settings.anchor !== undefined) prepareFolder(settings.anchor, settings.anchor === keyringFolder ? 0o700 : 0o777)
  if (keyringFolder !== undefined) prepareFolder(keyringFolder, 0o700)
  const archive = settings.archive === undefined ? undefined : folderOfArchive(settings.archive)
  if (archive !== undefined) prepareFolder(archive, 0o700)
  const keyring = keyringFolder === undefined ? undefined : keyringElsewhere(keyringFolder)
  const building = `${resolve(home)}.new-${randomBytes(4).toString('hex')}`
  prepareFolder(building, 0o700)
  try {
    const built = await build(building)
    putInPlace(building, home)
    return built
  } catch (error) {
    for (const suffix of ['', '-wal', '-shm']) if (keyring !== undefined) rmSync(`${keyring}${suffix}`, { force: true })
    throw error
  } finally {
    rmSync(building, { recursive: true, force: true })
  }
}

/** @throws LedgerError `ledger-exists`, `not-a-ledger` (it holds something else), `store-unavailable` */
export function refuseOccupied(folder: string): void {
  const [found] = contentsOf(folder)
  if (found === undefined) return
  if (holdsLedger(folder)) throw alreadyThere(folder)
  throw new LedgerError('not-a-ledger', {
    problem: `${folder} is not empty (${found}) and holds no ledger; nothing was changed`,
    cure: 'choose an empty or a new folder',
  })
}

// A keyring that is there belongs to another ledger, or to this one before it was lost.
function keyringElsewhere(folder: string): string {
  const file = keyringFile(folder)
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

// Another process may have been quicker; a folder that is not empty is never replaced.
function putInPlace(building: string, folder: string): void {
  try {
    renameSync(building, folder)
  } catch (cause) {
    if (holdsLedger(folder)) throw alreadyThere(folder)
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('store-unavailable', {
      problem: `the ledger cannot be put in its place: ${said}`,
      cure: 'name a folder that is not there yet; inside a mounted disk, not the disk itself',
      cause,
    })
  }
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

function cannotMake(path: string, cause: unknown): LedgerError {
  const said = cause instanceof Error ? cause.message : String(cause)
  return new LedgerError('store-unavailable', {
    problem: `the folder ${path} cannot be made or read: ${said}`,
    cure: 'name a place below folders that you may write in',
    cause,
  })
}

function alreadyThere(folder: string): LedgerError {
  return new LedgerError('ledger-exists', {
    problem: `${folder} holds a ledger already; nothing was changed`,
    cure: 'open it, or choose another folder',
  })
}
