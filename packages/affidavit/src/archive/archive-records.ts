// A run of the archiver (spec/archive.md §1): what is published and not archived yet becomes segments, one class and one due month each. Whoever
// stops it, and however, the next run goes on where it was.

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { seqsOf } from '../formats/seq-runs.ts'
import { leafHash } from '../merkle/hash.ts'
import type { SeqRun } from '../merkle/partial.ts'
import { type ArchivedSet, readArchivedSet } from './archived.ts'
import type { Archiving } from './archiving.ts'
import { coverings, type RunCovering } from './covering.ts'
import { readPayload } from './read-payload.ts'
import { createSegmentBuilder, MAX_ENTRIES_BYTES, type SegmentBuilder } from './segment-builder.ts'
import type { SegmentGroup } from './segment-key.ts'
import { waitingPages } from './waiting.ts'
import { writeSegment } from './write-segment.ts'

/** Years that a segment whose minimum waits for an anchor is locked beyond its newest entry. */
const YEARS_OPEN = 2

/**
 * Archives what waits, a segment at a time: each is on record when it is told of.
 * @param gatherMillis begins nothing before the oldest record that waits is so old, or a full segment waits
 * @throws LedgerError as writeSegment does
 */
export async function* archiveRecords(parts: Archiving, gatherMillis = 0): AsyncGenerator<ArchivedSegment> {
  const archived = await readArchivedSet(parts.store, parts.ledger)
  const gathering =
    gatherMillis === 0 ? undefined : { now: parts.now(), millis: gatherMillis, bytes: MAX_ENTRIES_BYTES }
  for await (const covering of coverings(parts, archived, gathering)) yield* archiveBelow(parts, covering, archived)
}

interface Group extends SegmentGroup {
  builder: SegmentBuilder
  /** The latest end of a minimum in it. */
  until: UnixMillis | undefined
}

async function* archiveBelow(
  parts: Archiving,
  covering: RunCovering,
  archived: ArchivedSet,
): AsyncGenerator<ArchivedSegment> {
  const groups = new Map<string, Group>()
  let latest: UnixMillis | undefined
  let isAnew = false

  /** None where another archiver was quicker with any of it: what that left is gathered anew. */
  async function flush({ retention_class, due_month, builder, until }: Group): Promise<readonly ArchivedSegment[]> {
    const gathered = builder.finish()
    await archived.catchUp()
    if (isAnyOf(archived, gathered.runs)) {
      isAnew = true
      return []
    }
    const lockUntil = due_month === 'open' ? Math.max(until ?? 0, yearsBeyond(gathered.newest)) : until
    if (lockUntil !== undefined) latest = Math.max(latest ?? 0, lockUntil)
    return [await writeSegment(parts, { retention_class, due_month }, gathered, covering, lockUntil, archived)]
  }

  for await (const page of waitingPages(parts, archived, covering.head.size)) {
    for (const { seq, entry, record, due } of page) {
      const name = `${due.retention_class} ${due.due_month}`
      const group = groups.get(name) ?? { ...groupOf(due), builder: createSegmentBuilder(), until: undefined }
      groups.set(name, group)
      for (const reference of record.content ?? []) {
        if (!group.builder.lacks(reference.blob_id)) continue
        group.builder.keep(reference.blob_id, await readPayload(parts.store, parts.ledger, reference))
      }
      group.builder.add({ seq, entry, leaf: leafHash(entry) }, record)
      if (due.min_until !== undefined) group.until = Math.max(group.until ?? 0, due.min_until)
      if (!group.builder.isFull()) continue
      groups.delete(name)
      yield* await flush(group)
    }
  }
  for (const group of groups.values()) yield* await flush(group)
  await lockCovering(parts, covering, latest)
  if (isAnew) yield* archiveBelow(parts, covering, archived)
}

function isAnyOf(archived: ArchivedSet, runs: readonly SeqRun[]): boolean {
  for (const seq of seqsOf(runs)) if (archived.has(seq)) return true
  return false
}

function groupOf({ retention_class, due_month }: SegmentGroup): SegmentGroup {
  return { retention_class, due_month }
}

function yearsBeyond(recorded_at: string): UnixMillis {
  const at = new Date(parseTimestamp(recorded_at) ?? unreachable('an entry says when it was recorded'))
  return at.setUTCFullYear(at.getUTCFullYear() + YEARS_OPEN)
}

// An anchor is worth as long as what it covers.
async function lockCovering(
  { objects }: Archiving,
  { key }: RunCovering,
  until: UnixMillis | undefined,
): Promise<void> {
  if (key === undefined || until === undefined) return
  try {
    await objects.extendLock(key, until)
  } catch (error) {
    if (!(error instanceof LedgerError && error.code === 'lock-refused')) throw error
  }
}
