// What a spool's folder shows to anybody who can read its files (spec/spool.md §4): no key is asked for, nothing is changed.

import { readdir, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

import { isGone } from '../../ledger/is-gone.ts'
import { type Holder, holderOf } from './hold-folder.ts'
import { type Refused, readRefused } from './refused.ts'
import { framesIn, readHeader } from './segment.ts'
import { isKept, lastNumberOf, numberOf } from './segments.ts'

export interface SpoolState {
  /** NAME of the ledger that drafts wait for; absent where nothing says so. */
  readonly ledger?: string
  /** Drafts that wait, or were begun when their writer died. */
  readonly waiting: number
  /** Since when. */
  readonly since?: string
  /** Of all files. */
  readonly bytes: number
  readonly refused: readonly (RefusedFile | UnreadableFile)[]
  readonly damaged: readonly DamagedFile[]
  /** The last process that had it. `gone` where that is known: whatever waits is nobody's. */
  readonly holder?: Holder & { readonly gone: boolean }
}

export interface RefusedFile extends Refused {
  readonly file: string
}

interface UnreadableFile {
  readonly file: string
  readonly code: 'unreadable'
}

/** Holds drafts of these numbers; some of them nobody can read. */
export interface DamagedFile {
  readonly file: string
  readonly first: number
  readonly last: number
}

/** Throws what the file system throws. */
export async function examineSpool(folder: string): Promise<SpoolState> {
  const names = (await readdir(folder)).filter(isKept).sort()
  const files = await Promise.all(names.map(async (file) => ({ file, bytes: await readFile(join(folder, file)) })))
  const segments = files.filter(({ file }) => file.endsWith('.spool'))
  const titles = segments.map(({ bytes }) => readHeader(bytes)).flatMap((read) => (read.state === 'read' ? read : []))
  const [first] = titles
  const holder = await holderOf(folder)
  return {
    ...(first && { ledger: first.title.ledger }),
    waiting: segments.reduce((sum, { file, bytes }, i) => sum + countIn(bytes, file, segments[i + 1]?.file), 0),
    ...(first && { since: first.title.since }),
    bytes: files.reduce((sum, { bytes }) => sum + bytes.length, 0),
    refused: files.filter(({ file }) => file.endsWith('.refused')).map(refusedIn),
    damaged: names.filter((file) => file.endsWith('.damaged')).map(damagedIn),
    ...(holder && { holder: { ...holder, gone: holder.host === hostname() && isGone(holder.pid) } }),
  }
}

function countIn(bytes: Uint8Array, file: string, next: string | undefined): number {
  if (next !== undefined) return numberOf(next) - numberOf(file)
  const header = readHeader(bytes)
  if (header.state !== 'read') return 0
  let drafts = 0
  for (const { kind } of framesIn(bytes, header.size)) if (kind === 'draft') drafts++
  return drafts
}

function refusedIn({
  file,
  bytes,
}: {
  readonly file: string
  readonly bytes: Uint8Array
}): RefusedFile | UnreadableFile {
  const read = readRefused(bytes)
  return read === undefined ? { file, code: 'unreadable' } : { file, ...read }
}

function damagedIn(file: string): DamagedFile {
  return { file, first: numberOf(file), last: lastNumberOf(file) }
}
