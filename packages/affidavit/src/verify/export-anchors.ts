// Anchors of an export. One is made as of a size: a checkpoint that is newer contradicts it only if it was there before.

import { utf8 } from '../bytes/text.ts'
import { parseTimestamp } from '../clock/clock.ts'
import { parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import type { Anchor } from './anchors.ts'
import { checkpointOfSize, instant, timesOf } from './checkpoints.ts'
import { type Finding, type FindingList, finding } from './finding.ts'
import type { NoteReader } from './trust.ts'

/** How far the clocks of a ledger's writers may be apart. */
const CLOCKS_APART_SECONDS = 60

/** Sizes that anchors speak of, read loosely: whether a note holds is judged later. */
export function sizesIn(anchors: readonly Anchor[]): number[] {
  return anchors.flatMap(({ notes }) => notes.map((note) => looseSize(note) ?? 0)).filter((size) => size > 0)
}

function looseSize(note: string): number | undefined {
  return looseBody(note)?.size
}

function looseBody(note: string): { size: number; origin: string } | undefined {
  const parsed = parseNote(utf8(note))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  return 'code' in body ? undefined : body
}

/** The anchors without the checkpoints that are newer than a tree of `size`. */
export function anchorsUntil(anchors: readonly Anchor[], size: number): Anchor[] {
  return anchors.map((anchor) => ({ ...anchor, notes: anchor.notes.filter((note) => (looseSize(note) ?? 0) <= size) }))
}

/** The anchors that have a checkpoint of `origin` that is newer than a tree of `size`: what it is worth is said by checkNewer. */
export function speakOfNewer(anchors: readonly Anchor[], origin: string, size: number): string[] {
  const isNewer = (note: string): boolean => {
    const body = looseBody(note)
    return body?.origin === origin && body.size > size
  }
  return anchors.filter(({ notes }) => notes.some(isNewer)).map(({ where }) => where)
}

export interface AsOf {
  readonly origin: string
  readonly size: number
  /** As the cover says; absent where there is none to read. */
  readonly exported_at: string | undefined
  readonly read: NoteReader
}

/** Judges the checkpoints that are newer than the export; answers what remains open about them, in words. */
export function checkNewer(anchors: readonly Anchor[], asOf: AsOf, findings: FindingList): string[] {
  return anchors.flatMap(({ where, notes }) => {
    const newer = notes.filter((note) => (looseSize(note) ?? 0) > asOf.size && looseBody(note)?.origin === asOf.origin)
    const found = newer.flatMap((note) => contradiction(note, where, asOf))
    for (const one of found.slice(0, 1)) findings.add(one)
    return newer.length > found.length ? [`${where}: what its checkpoints say of entries newer than this export`] : []
  })
}

// An export publishes first: whatever the ledger had published by then is in it.
function contradiction(note: string, where: string, { size, exported_at, read }: AsOf): Finding[] {
  const opened = read(note, where)
  if ('found' in opened) return [finding('anchor-untrusted', { what: where }, opened.found.problem)]
  const published = Math.min(...timesOf(opened.held))
  const exported = parseTimestamp(exported_at ?? '')
  if (exported === undefined || published + CLOCKS_APART_SECONDS >= exported / 1000) return []
  const what = `${where}, ${checkpointOfSize(opened.held.size)}`
  const problem = `it was published at ${instant(published)}, before the export was made, which ends at ${size - 1}`
  return [finding('tail-cut', { seq: size, what }, problem)]
}
