// Files that a command makes: always new ones, and never in the folder of a ledger, where they could stand for its own.

import { closeSync, fsyncSync, lstatSync, openSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, resolve, sep } from 'node:path'

import { LedgerError } from '../errors/ledger-error.ts'
import { writeSecret } from '../keys/secret-file.ts'

export interface NewFile {
  /** The option that named it. */
  readonly option: '--out' | '--entry'
  readonly path: string
}

/**
 * Refuses a file that could not be made, before anything else is done. `ledgerFolder` where the command knows of a ledger.
 * @throws LedgerError `invalid-query`, `store-unavailable`
 */
export function refuseTaken(file: NewFile, ledgerFolder?: string): void {
  const place = resolve(file.path)
  const folder = dirname(place)
  attempt(file, () => {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw refused(file, `there is no folder ${folder}`, 'create the folder first, or name another file')
    if (lstatSync(place, { throwIfNoEntry: false }) !== undefined) throw taken(file)
  })
  if (ledgerFolder !== undefined) refuseInside(file, folder, ledgerFolder)
}

/** Writes a file that is not there yet, durably. @throws LedgerError `invalid-query`, `store-unavailable` */
export function writeNewFile(file: NewFile, bytes: Uint8Array | string): void {
  const fd = attempt(file, () => openSync(file.path, 'wx', 0o644))
  try {
    attempt(file, () => {
      writeFileSync(fd, bytes)
      fsyncSync(fd)
    })
  } catch (error) {
    rmSync(file.path, { force: true })
    throw error
  } finally {
    closeSync(fd)
  }
}

/** Writes a secret for its owner alone, to a file that is not there yet, durably. @throws as writeNewFile */
export function writeNewSecret(file: NewFile, text: string): void {
  attempt(file, () => writeSecret(file.path, text))
}

function refuseInside(file: NewFile, folder: string, ledgerFolder: string): void {
  if (statSync(ledgerFolder, { throwIfNoEntry: false }) === undefined) return
  const [inner, outer] = attempt(file, () => [realpathSync(folder), realpathSync(ledgerFolder)] as const)
  if (!`${inner}${sep}`.startsWith(`${outer}${sep}`)) return
  throw refused(file, `${file.path} is inside the folder of the ledger`, 'name a file elsewhere')
}

function attempt<T>(file: NewFile, act: () => T): T {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof LedgerError) throw cause
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw taken(file)
    throw new LedgerError('store-unavailable', {
      problem: `${file.option}: ${file.path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      cure: 'check the rights on the folder and the space on its disk, or name a file elsewhere',
      path: file.option,
      cause,
    })
  }
}

function taken(file: NewFile): LedgerError {
  return refused(file, `${file.path} is there already, and was left as it is`, 'name a file that does not exist yet')
}

function refused({ option }: NewFile, problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${option}: ${problem}`, cure, path: option })
}
