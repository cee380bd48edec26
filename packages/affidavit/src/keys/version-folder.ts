// A folder of versions: one file each, and a tombstone in the place of each that was destroyed (spec/keys.md §2).

import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { makeFolder } from '../ledger/make-folder.ts'
import type { KeyVersion } from '../vault/key-wrapper.ts'
import { removeLeftovers, syncFolder, writeSecret } from './secret-file.ts'
import {
  formatTombstone,
  formatVersionFile,
  parseVersionFile,
  type VersionFile,
  type VersionKind,
} from './version-file.ts'
import { compareVersionNames, isVersionName } from './version-name.ts'
import { keyDestroyed, keyUnavailable } from './wrapper-errors.ts'

const TOMBSTONE = '.destroyed'

export interface VersionFolder {
  list(): readonly KeyVersion[]
  /** Durable when it returns. */
  add(file: VersionFile): void
  /** @throws LedgerError `key-destroyed`, `key-unavailable`, `wrong-key` */
  read(version: string): VersionFile
  /** @throws LedgerError `key-unavailable` where there never was such a version */
  destroy(version: string): void
}

export function versionFolder(folder: string, kind: VersionKind, ledger: string): VersionFolder {
  const pathOf = (version: string) => join(folder, `${version}.${kind}`)
  const tombstoneOf = (version: string) => join(folder, `${version}${TOMBSTONE}`)

  function list(): KeyVersion[] {
    const names = namesIn(folder)
    const kept = new Set(versionsWith(names, `.${kind}`))
    const destroyed = new Set(versionsWith(names, TOMBSTONE))
    return [...new Set([...kept, ...destroyed])].sort(compareVersionNames).map((version) => {
      if (!destroyed.has(version)) return { version, state: 'usable' }
      return { version, state: kept.has(version) ? 'destroying' : 'destroyed' }
    })
  }

  function add(file: VersionFile): void {
    writing(folder, () => {
      makeFolder(folder, 0o700)
      // Whatever the umask says, and whoever made it.
      chmodSync(folder, 0o700)
      syncFolder(dirname(folder))
      removeLeftovers(folder)
      writeSecret(pathOf(file.version), formatVersionFile(kind, file))
    })
  }

  function read(version: string): VersionFile {
    const text = isVersionName(version) ? readOwn(folder, pathOf(version)) : undefined
    // Looked for after the file was read: a version is overwritten only once its tombstone is there.
    if (isThere(tombstoneOf(version))) throw destroyedHere(version, pathOf(version))
    if (text === undefined) throw noSuchVersion(folder, version)
    const file = parseVersionFile(kind, text, { ledger, version })
    if (typeof file === 'string') throw wrongFile(pathOf(version), file)
    return file
  }

  function destroy(version: string): void {
    if (!isVersionName(version)) throw noSuchVersion(folder, version)
    const path = pathOf(version)
    if (!isThere(path) && !isThere(tombstoneOf(version))) throw noSuchVersion(folder, version)
    writing(folder, () => {
      leaveTombstone(tombstoneOf(version), formatTombstone(ledger, version))
      overwrite(path)
      rmSync(path, { force: true })
      removeLeftovers(folder)
      syncFolder(folder)
    })
  }

  return { list, add, read, destroy }
}

function versionsWith(names: readonly string[], ending: string): string[] {
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => name.slice(0, -ending.length))
    .filter(isVersionName)
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return []
    throw keyUnavailable(`cannot read the folder ${folder}`, 'check that it is there, and its rights', cause)
  }
}

/** The text of a file that its owner alone can read; `undefined` where there is none. */
function readOwn(folder: string, path: string): string | undefined {
  try {
    expectOwn(folder, statSync(folder).mode)
    const fd = openSync(path, 'r')
    try {
      expectClosed(path, fstatSync(fd).mode, 'chmod 600')
      return readFileSync(fd, 'utf8')
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    if (isCode(cause, 'ENOENT')) return undefined
    throw keyUnavailable(`cannot read ${path}`, 'check disk and rights', cause)
  }
}

function expectClosed(path: string, mode: number, command: string): void {
  if ((mode & 0o077) === 0) return
  throw keyUnavailable(`${path} is open to other users of this machine`, `${command} ${path}; and consider it seen`)
}

// Who may only look sees names. A copy of the folder by a tool that knows no modes opens.
function expectOwn(folder: string, mode: number): void {
  if ((mode & 0o022) === 0) return
  throw keyUnavailable(`other users of this machine may write to ${folder}`, `chmod 700 ${folder}`)
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function leaveTombstone(path: string, text: string): void {
  try {
    writeSecret(path, text)
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error
    // Of an interrupted destruction, perhaps: then nobody has made it durable yet.
    syncFolder(dirname(path))
  }
}

// In place, so that every other name of the file, such as that of a draft, has lost its content too.
function overwrite(path: string): void {
  const fd = openExisting(path)
  if (fd === undefined) return
  try {
    writeSync(fd, Buffer.alloc(fstatSync(fd).size, '-'), 0, undefined, 0)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

function openExisting(path: string): number | undefined {
  try {
    return openSync(path, 'r+')
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function writing(folder: string, work: () => void): void {
  try {
    work()
  } catch (cause) {
    throw keyUnavailable(`cannot write into the folder ${folder}`, 'check disk and rights, and do it again', cause)
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

function destroyedHere(version: string, path: string): LedgerError {
  if (!isThere(path)) return keyDestroyed(version)
  return keyDestroyed(version, `${path} came back, or was not removed: destroy it again, and look for other copies`)
}

function noSuchVersion(folder: string, version: string): LedgerError {
  const name = isVersionName(version) ? version : 'of that name'
  return keyUnavailable(
    `${folder} holds no key-encryption key ${name}`,
    'bring the folder back that belongs to this keyring, from the backup of the keys',
  )
}

function wrongFile(path: string, problem: string): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `${path} ${problem}`,
    cure: 'restore it from the backup of the keys',
  })
}
