// Where the archive of a ledger is, as its settings say it: a folder, or a bucket by its URL (spec/object-stores.md §6). No credential is in it.

import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve, sep } from 'node:path'

import type { ObjectStore } from '../archive/object-store.ts'
import { openObjectStore } from '../archive/open-object-store.ts'
import { archiveUnavailable } from '../archive/store-errors.ts'
import { type Clock, systemClock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { makeFolder } from '../ledger/make-folder.ts'
import { readSettings, settingsFile } from './settings.ts'

/** The path of a folder; nothing for what is kept elsewhere. */
export function folderOfArchive(place: string): string | undefined {
  return place.includes('://') ? undefined : resolve(place)
}

/**
 * A place as the settings of `home` keep it.
 * @throws LedgerError `invalid-query` for a text that names none, or holds a secret, and for a folder inside the home
 */
export function archiveSetting(home: string, place: string): string {
  openObjectStore(place, systemClock)
  const folder = folderOfArchive(place)
  if (folder === undefined) return place
  if (!`${realPlace(folder)}${sep}`.startsWith(`${realPlace(home)}${sep}`)) return folder
  throw new LedgerError('invalid-query', {
    problem: `the archive ${place} is inside the ledger's own folder`,
    cure: 'name a folder elsewhere, best on another disk or host',
    path: 'archive',
  })
}

// Of a path that is not there yet, the part that is may be a link.
function realPlace(path: string): string {
  const place = resolve(path)
  return existsSync(place) ? realpathSync(place) : join(realPlace(dirname(place)), basename(place))
}

/**
 * Makes the folder of an archive where it is not there; other places are there, or are not.
 * @throws LedgerError `archive-unavailable`
 */
export function makeArchiveFolder(place: string): void {
  const folder = folderOfArchive(place)
  if (folder === undefined) return
  try {
    makeFolder(folder, 0o700)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw archiveUnavailable(
      `the folder ${folder} cannot be made: ${why}`,
      'name a place below folders that you may write in',
      error,
    )
  }
}

/**
 * @param named a place; that of the settings where left out
 * @throws LedgerError `invalid-query` where the ledger has no archive, or none that can be read is named
 */
export function openArchive(home: string, clock: Clock = systemClock, named?: string): ObjectStore {
  const archive = named === undefined ? readSettings(home).archive : archiveSetting(home, named)
  if (archive !== undefined) return openObjectStore(archive, clock)
  throw new LedgerError('invalid-query', {
    problem: `${settingsFile(home)} names no archive`,
    cure: 'affidavit archive use PLACE, or openLedger with archive: a folder on another disk or host, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX',
  })
}
