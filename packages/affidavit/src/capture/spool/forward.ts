// What waits goes to the ledger, in order and once (spec/spool.md §1). Nothing is let go before it is acknowledged, or is kept
// elsewhere: a process that dies in between hands it in again, and the ledger knows it by its id.

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LedgerError } from '../../errors/ledger-error.ts'
import type { Draft } from '../../formats/fields.ts'
import type { Spoolable } from '../../ledger/spoolable.ts'
import type { Spooling } from '../../ledger/spooling.ts'
import { isAboutDraft } from '../about-draft.ts'
import type { SpoolFiles } from './files.ts'
import { type DraftRead, readSegment } from './read-segment.ts'
import { openRefused, writeRefused } from './refused.ts'
import type { Room } from './room.ts'
import { opensHeader, readHeader, type SegmentTitle } from './segment.ts'
import { damagedName, isKept, numberOf, type Segment, type Segments } from './segments.ts'
import { spoolUnavailable } from './unavailable.ts'

/** What became of the drafts that waited. */
export interface Forwarded {
  readonly recorded: number
  /** Recorded before: by a process that died before it could let go of them, or while their outcome was not known. */
  readonly duplicates: number
  /** Numbers of drafts that the ledger refused; each is kept in a file. */
  readonly refused: readonly number[]
  /** Numbers of drafts that nobody can read; the files that held them are kept. */
  readonly unreadable: readonly number[]
}

export interface ForwardingLedger {
  append(draft: Draft): Promise<{ readonly state: 'recorded' | 'duplicate' }>
  isRecorded(id: string): Promise<boolean>
  readonly spooling: Spooling
}

export interface ForwardParts {
  readonly folder: string
  readonly files: SpoolFiles
  readonly ledger: ForwardingLedger
  readonly spool: string
  readonly room: Room
  readonly segments: Segments
  /** Resolves when no segment that was there is written to any more. */
  roll(): Promise<void>
  /** Whether to stop behind the draft that is under way. */
  isClosing(): boolean
}

/** Ends when nothing waits, or the spool is closing. @throws LedgerError what else the ledger throws, `spool-unavailable`; the rest waits on */
export async function forward(parts: ForwardParts): Promise<Forwarded> {
  const told: Told = { recorded: 0, duplicates: 0, refused: [], unreadable: [] }
  for (let segment = parts.segments.oldest(); segment !== undefined; segment = parts.segments.oldest()) {
    await parts.roll()
    await forwardSegment(parts, segment, told)
    if (segment.handled < countOf(segment)) break
    await letGo(parts, segment)
    parts.segments.drop()
  }
  return told
}

interface Told {
  recorded: number
  duplicates: number
  refused: number[]
  unreadable: number[]
}

async function forwardSegment(parts: ForwardParts, segment: Segment, told: Told): Promise<void> {
  if (segment.handled === countOf(segment)) return
  const drafts = await onDisk(`read ${segment.path}`, () => draftsOf(segment, parts.ledger.spooling))
  for (const [i, draft] of drafts.entries()) {
    if (i < segment.handled) continue
    if (parts.isClosing()) return
    const number = segment.title.first + i
    if (draft === 'unreadable') {
      segment.unreadable.push(number)
      told.unreadable.push(number)
    } else {
      const became = await deliver(parts, number, draft)
      if (became === 'refused') told.refused.push(number)
      else told[became]++
    }
    segment.handled++
  }
}

function countOf({ title, end }: Segment): number {
  return end - title.first
}

// A file that somebody took away holds nothing that can be read.
async function draftsOf({ path, title, end }: Segment, spooling: Spooling): Promise<readonly DraftRead[]> {
  const bytes = await readFile(path).catch(orMissing(new Uint8Array()))
  const header = readHeader(bytes)
  const isInPlace = header.state === 'read' && isSame(header.title, title) && opensHeader(spooling, header)
  if (isInPlace) return readSegment(spooling, title, bytes, header.size, end)
  return Array.from({ length: end - title.first }, () => 'unreadable')
}

function isSame(a: SegmentTitle, b: SegmentTitle): boolean {
  return a.ledger === b.ledger && a.spool === b.spool && a.first === b.first && a.since === b.since
}

async function deliver(
  parts: ForwardParts,
  number: number,
  waited: Spoolable,
): Promise<'recorded' | 'duplicates' | 'refused'> {
  const { ledger } = parts
  const { draft, changed } = waited
  // What was changed is another draft than the one that may have been recorded already; its id is the same.
  if (changed && (await ledger.isRecorded(draft.id))) return 'duplicates'
  try {
    const { state } = await ledger.append(draft)
    return state === 'recorded' ? 'recorded' : 'duplicates'
  } catch (error) {
    if (!isAboutDraft(error)) throw error
    await onDisk(`keep what was refused in ${parts.folder}`, () => setAside(parts, number, waited, error))
    return 'refused'
  }
}

/**
 * Hands in once more what was refused before, in the order of its numbers.
 * @throws LedgerError as `forward`
 */
export async function forwardRefused(parts: ForwardParts): Promise<Forwarded> {
  const { folder, files, ledger, room } = parts
  const told: Told = { recorded: 0, duplicates: 0, refused: [], unreadable: [] }
  for (const file of await onDisk(`read ${folder}`, () => listRefused(folder))) {
    if (parts.isClosing()) break
    const bytes = await onDisk(`read ${file}`, () => readFile(join(folder, file)))
    const waited = openRefused(bytes, ledger.spooling)
    const became = waited === undefined ? 'unreadable' : await deliver(parts, numberOf(file), waited)
    if (became === 'recorded' || became === 'duplicates') {
      told[became]++
      await onDisk(`let go of ${file}`, () => files.remove(join(folder, file)))
    } else told[became].push(numberOf(file))
    // Refused again, it has a new file in the place of this one.
    if (became !== 'unreadable') room.giveBack(bytes.length)
  }
  return told
}

async function listRefused(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => isKept(name) && name.endsWith('.refused')).sort()
}

async function setAside(parts: ForwardParts, number: number, waited: Spoolable, error: LedgerError): Promise<void> {
  const { folder, files, ledger, spool, room } = parts
  room.add(await writeRefused({ folder, files, spooling: ledger.spooling, spool }, number, waited, error))
}

// Its name goes for good before that of the next one does: no power cut leaves a hole between two.
async function letGo({ folder, files, room }: ForwardParts, segment: Segment): Promise<void> {
  const isKept = segment.unreadable.length > 0 && existsSync(segment.path)
  await onDisk(`let go of ${segment.path}`, async () => {
    if (isKept) await files.rename(segment.path, join(folder, damagedName(segment)))
    else await files.remove(segment.path)
    await files.syncFolder(folder)
  })
  if (!isKept) room.giveBack(segment.bytes)
}

function orMissing<T>(otherwise: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return otherwise
    throw error
  }
}

async function onDisk<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw spoolUnavailable(doing, error)
  }
}
