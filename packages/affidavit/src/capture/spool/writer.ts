// Drafts on their way into the newest segment (spec/spool.md §1): those that come while one group is written are the next group,
// and share its fsync.

import { join } from 'node:path'

import { concatBytes } from '../../bytes/compare.ts'
import type { Spooling } from '../../ledger/spooling.ts'
import { type SpoolFile, type SpoolFiles, writeWhole } from './files.ts'
import type { Room } from './room.ts'
import { encodeDraftFrame, encodeHeader, encodeMark, FRAME_BYTES, MARK_BYTES, MAX_HEADER_BYTES } from './segment.ts'
import { type Segment, type Segments, segmentName } from './segments.ts'
import { spoolUnavailable } from './unavailable.ts'

export interface Writer {
  /**
   * Resolves when the draft is durable. Drafts are numbered in the order of the calls; `since` is when it happened.
   * @throws LedgerError `spool-full`, `spool-unavailable`
   */
  put(plain: Uint8Array, since: string): Promise<void>
  /** Resolves when no segment that was there is written to any more. */
  roll(): Promise<void>
}

export interface WriterParts {
  readonly folder: string
  readonly files: SpoolFiles
  readonly spooling: Spooling
  /** 32 hex digits. */
  readonly spool: string
  readonly room: Room
  readonly segments: Segments
  /** The number of the next draft. */
  readonly next: number
}

const SEGMENT_BYTES = 4_194_304
const GROUP_BYTES = 4_194_304

interface Waiting {
  readonly plain: Uint8Array
  readonly since: string
  readonly taken: number
  resolve(): void
  reject(error: unknown): void
}

interface Live {
  readonly file: SpoolFile
  readonly segment: Segment
}

export function createWriter(parts: WriterParts): Writer {
  const { folder, files, spooling, room, segments } = parts
  const { ledger } = spooling
  let { next } = parts
  let live: Live | undefined
  let waiting: Waiting[] = []
  let busy: Promise<void> = Promise.resolve()

  function inTurn(work: () => Promise<void>): Promise<void> {
    const done = busy.then(work)
    busy = done.catch(() => undefined)
    return done
  }

  async function writeWaiting(): Promise<void> {
    const group = takeGroup()
    if (waiting.length > 0) writeSoon()
    try {
      await writeGroup(group)
      for (const { resolve } of group) resolve()
    } catch (cause) {
      const error = spoolUnavailable(`write to the spool in ${folder}`, cause)
      for (const { reject } of group) reject(error)
    } finally {
      for (const { taken } of group) room.giveBack(taken)
    }
  }

  // Whoever else has asked for a turn meanwhile comes first.
  function writeSoon(): void {
    inTurn(writeWaiting).catch(() => undefined)
  }

  function takeGroup(): Waiting[] {
    let bytes = 0
    const beyond = waiting.findIndex(({ plain }, i) => {
      bytes += plain.length
      return i > 0 && bytes > GROUP_BYTES
    })
    const group = waiting.slice(0, beyond === -1 ? waiting.length : beyond)
    waiting = waiting.slice(group.length)
    return group
  }

  // 1 All frames, in one write. 2 fsync. 3 The name of a new segment is made durable. From here on the group is: 4 it counts,
  // 5 a mark says so to whoever reads the segment after us.
  async function writeGroup(group: readonly Waiting[]): Promise<void> {
    const writing = live ?? (await begin(group[0]?.since ?? ''))
    const { file, segment } = writing
    const isNew = segment.bytes === 0
    const head = isNew ? encodeHeader(spooling, segment.title) : new Uint8Array()
    const frames = group.map(({ plain }, i) => encodeDraftFrame(spooling, segment.title, next + i, plain))
    const bytes = concatBytes(head, ...frames)
    try {
      await writeWhole(file, bytes)
      await file.sync()
      if (isNew) await files.syncFolder(folder)
    } catch (error) {
      await abandon(writing)
      throw error
    }
    next += group.length
    if (isNew) segments.add(segment)
    grow(segment, bytes.length)
    live = writing
    await mark(writing)
  }

  async function begin(since: string): Promise<Live> {
    const path = join(folder, segmentName(next))
    const title = { ledger, spool: parts.spool, first: next, since }
    const file = await files.create(path)
    return { file, segment: { path, title, end: next, bytes: 0, handled: 0, unreadable: [] } }
  }

  function grow(segment: Segment, bytes: number): void {
    segment.end = next
    segment.bytes += bytes
    room.add(bytes)
  }

  // What is durable is so without it. A segment that failed is written to no more.
  async function mark(writing: Live): Promise<void> {
    const bytes = encodeMark(spooling, writing.segment.title, next)
    try {
      await writeWhole(writing.file, bytes)
      grow(writing.segment, bytes.length)
    } catch {
      await letGo()
      return
    }
    if (writing.segment.bytes >= SEGMENT_BYTES) await letGo()
  }

  // As far as the disk lets us nothing stays of a group that was refused: what stays all the same is beyond the end of its
  // segment as soon as another is begun there.
  async function abandon({ file, segment }: Live): Promise<void> {
    live = undefined
    if (segment.bytes === 0) await files.remove(segment.path).catch(() => undefined)
    else await file.truncate(segment.bytes).catch(() => undefined)
    await file.close().catch(() => undefined)
  }

  async function letGo(): Promise<void> {
    const done = live
    live = undefined
    await done?.file.close().catch(() => undefined)
  }

  return {
    async put(plain, since) {
      const taken = plain.length + FRAME_BYTES + MARK_BYTES + MAX_HEADER_BYTES
      room.take(taken)
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      waiting.push({ plain, since, taken, resolve, reject })
      if (waiting.length === 1) writeSoon()
      await promise
    },
    roll: () => inTurn(letGo),
  }
}
