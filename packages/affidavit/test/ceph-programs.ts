// Ceph's programs, for tests on an S3 server that keeps locks: those that are installed, else those that were once unpacked beside the system, from the
// packages of Debian or Ubuntu, which is done only where that was asked for.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import process from 'node:process'

export interface CephPrograms {
  /** The root of the system that they were made for: `/`, or where they were unpacked. */
  readonly root: string
  /** What has to be in LD_LIBRARY_PATH. */
  readonly libraries: string
}

const PACKAGES = ['ceph-mon', 'ceph-osd', 'radosgw']
const NEEDED = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'monmaptool', 'osdmaptool']

/** Why no S3 server can be started here; `undefined` where one can. */
export function missingForS3(): string | undefined {
  if (cephPrograms() === undefined && process.env.AFFIDAVIT_TEST_INSTALL === '1') unpackPrograms()
  if (cephPrograms() !== undefined) return undefined
  return 'Ceph RGW, an S3 server that keeps locks, is not installed; AFFIDAVIT_TEST_INSTALL=1 lets the tests unpack it'
}

export function cephPrograms(): CephPrograms | undefined {
  const root = ['/', unpacked()].find((place) => NEEDED.every((name) => existsSync(join(place, 'usr/bin', name))))
  return root === undefined ? undefined : { root, libraries: root === '/' ? '' : libraryFolders(root).join(':') }
}

/** The folder of its plug-ins: `usr/lib/x86_64-linux-gnu`. */
export function pluginFolder({ root }: CephPrograms): string {
  const [found] = globSync('usr/lib/{*-linux-gnu,}/rados-classes', { cwd: root })
  if (found === undefined) throw new Error(`Ceph in ${root} has no rados-classes`)
  return dirname(join(root, found))
}

function libraryFolders(root: string): string[] {
  return globSync(['lib/*-linux-gnu', 'usr/lib/*-linux-gnu', 'usr/lib/*-linux-gnu/ceph'], { cwd: root }).map((folder) =>
    join(root, folder),
  )
}

function unpacked(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'affidavit-test', 'ceph')
}

// It is there whole or not at all: several test runs may be at it.
function unpackPrograms(): void {
  const place = unpacked()
  mkdirSync(dirname(place), { recursive: true })
  const draft = mkdtempSync(`${place}-`)
  try {
    if (!download(draft) && !(updateLists() && download(draft))) return
    const root = join(draft, 'root')
    for (const name of readdirSync(join(draft, 'packages')).filter((file) => file.endsWith('.deb'))) {
      if (!isDone('dpkg-deb', ['-x', join(draft, 'packages', name), root])) return
    }
    if (!existsSync(place)) renameSync(root, place)
  } finally {
    rmSync(draft, { recursive: true, force: true })
  }
}

// With what they need and the system has not.
function download(folder: string): boolean {
  const packages = join(folder, 'packages')
  mkdirSync(join(packages, 'partial'), { recursive: true })
  const options = ['-o', 'Debug::NoLocking=1', '-o', `Dir::Cache::archives=${packages}`]
  return isDone('apt-get', [
    ...['install', '-y', '--download-only', '--no-install-recommends', '--no-remove'],
    ...options,
    ...PACKAGES,
  ])
}

function updateLists(): boolean {
  return process.getuid?.() === 0 ? isDone('apt-get', ['update']) : isDone('sudo', ['-n', 'apt-get', 'update'])
}

function isDone(program: string, args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: 300_000 }).status === 0
}
