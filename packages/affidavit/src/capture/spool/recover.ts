// What a folder holds when a spool is opened (spec/spool.md §3): what waits, in order, whatever its writer died of.

import { randomBytes } from 'node:crypto'
import { open, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { Spooling } from '../../ledger/spooling.ts'
import type { SpoolFiles } from './files.ts'
import { readSegment } from './read-segment.ts'
import { type HeaderRead, MAX_HEADER_BYTES, opensHeader, readHeader, type SegmentTitle } from './segment.ts'
import { isKept, nextBehind, numberOf, type Segment } from './segments.ts'

export interface Recovered {
  /** Identity of what waits; a new one where nothing does. */
  readonly spool: string
  /** Oldest first. */
  readonly segments: readonly Segment[]
  /** The number of the next draft. */
  readonly next: number
  /** Bytes of all files. */
  readonly bytes: number
}

interface Found {
  readonly path: string
  /** By its name. */
  readonly first: number
  readonly header: HeaderRead
  readonly bytes: number
}

/**
 * Looks through a folder that this process holds.
 * @throws LedgerError `invalid-origin`, `wrong-key`, `newer-format` where it is not for this ledger, keys and version
 */
export async function recover(folder: string, files: SpoolFiles, spooling: Spooling): Promise<Recovered> {
  const names = (await readdir(folder)).sort()
  for (const name of names.filter((one) => one.endsWith('.tmp'))) await files.remove(join(folder, name))
  const found: Found[] = []
  for (const name of names.filter((one) => /^\d{12}\.spool$/.test(one))) found.push(await look(folder, name))
  refuseStrangers(folder, found, spooling)
  const spool = found.map((one) => titleOf(one, spooling)).find(isTitle)?.spool ?? randomBytes(16).toString('hex')
  const segments: Segment[] = []
  for (const [i, one] of found.entries()) {
    const end = found[i + 1]?.first ?? (await endOf(one, spool, spooling))
    // What was never written to its end: its writer died in the first group.
    if (end === one.first) await files.remove(one.path)
    else segments.push(segmentOf(one, end, spool, spooling))
  }
  const next = Math.max(1, segments.at(-1)?.end ?? 1, ...names.map(nextBehind))
  return { spool, segments, next, bytes: await sizeOf(folder) }
}

async function look(folder: string, name: string): Promise<Found> {
  const path = join(folder, name)
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEADER_BYTES), 0, MAX_HEADER_BYTES, 0)
    const { size } = await file.stat()
    return { path, first: numberOf(name), header: readHeader(buffer.subarray(0, bytesRead)), bytes: size }
  } finally {
    await file.close()
  }
}

/** What its header says, where that was written with our key and is as it was. */
function titleOf({ header }: Found, spooling: Spooling): SegmentTitle | undefined {
  return header.state === 'read' && opensHeader(spooling, header) ? header.title : undefined
}

function isTitle(title: SegmentTitle | undefined): title is SegmentTitle {
  return title !== undefined
}

function segmentOf({ path, first, header, bytes }: Found, end: number, spool: string, { ledger }: Spooling): Segment {
  const since = header.state === 'read' ? header.title.since : ''
  return { path, title: { ledger, spool, first, since }, end, bytes, handled: 0, unreadable: [] }
}

// Nothing is removed, or taken for torn, that another ledger or version could read.
function refuseStrangers(folder: string, found: readonly Found[], spooling: Spooling): void {
  if (found.some(({ header }) => header.state === 'newer')) throw newerFormat(folder)
  const titles = found.flatMap(({ header }) => (header.state === 'read' ? [header.title] : []))
  const other = titles.find(({ ledger }) => ledger !== spooling.ledger)
  if (other !== undefined) throw otherLedger(folder, other.ledger, spooling.ledger)
  if (titles.length > 0 && !found.some((one) => titleOf(one, spooling) !== undefined)) throw otherKey(folder)
}

/** The number behind the last draft of the newest segment. */
async function endOf(found: Found, spool: string, spooling: Spooling): Promise<number> {
  const { path, header, first } = found
  if (header.state === 'torn') return first
  const title = titleOf(found, spooling)
  // What is not where it was written has drafts that nobody can read: one at least.
  if (header.state !== 'read' || title?.first !== first || title.spool !== spool) return first + 1
  return first + readSegment(spooling, title, await readFile(path), header.size).length
}

async function sizeOf(folder: string): Promise<number> {
  const names = (await readdir(folder)).filter(isKept)
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}

function newerFormat(folder: string): LedgerError {
  return new LedgerError('newer-format', {
    problem: `what waits in the spool in ${folder} was written by a newer version`,
    cure: 'use a newer affidavit; nothing was changed',
  })
}

function otherLedger(folder: string, theirs: string, ours: string): LedgerError {
  return new LedgerError('invalid-origin', {
    problem: `what waits in the spool in ${folder} is for the ledger ${theirs}, not for ${ours}`,
    cure: 'forward it to that ledger first, or choose another folder',
    path: 'folder',
  })
}

function otherKey(folder: string): LedgerError {
  return new LedgerError('wrong-key', {
    problem: `nothing that waits in the spool in ${folder} opens with the digest key of this ledger`,
    cure: 'bring the keys back that it was written with, or move its files away and keep them',
  })
}
