// What stays of a segment, into new ones of their class and month as late facts give them now (spec/archive.md §9). It is read from the old one, and
// lies below the same checkpoint: done again, it comes to the same bytes.

import { equalBytes } from '../bytes/compare.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import { recordOf } from '../ledger/read.ts'
import { leafHash } from '../merkle/hash.ts'
import type { Archiving, Due } from './archiving.ts'
import { coveringOf } from './covering.ts'
import { type OpenedSegment, openSegment } from './open-segment.ts'
import { readPayload } from './read-payload.ts'
import { createSegmentBuilder, type SegmentBuilder } from './segment-builder.ts'
import type { SegmentGroup } from './segment-key.ts'
import type { StayingRow } from './staying.ts'
import { writeSegment } from './write-segment.ts'

interface Group extends SegmentGroup {
  readonly builder: SegmentBuilder
  until: UnixMillis | undefined
}

/** @param lockOf until when a record has to be locked; nothing without a minimum */
export async function writeWhatStays(
  parts: Archiving,
  old: ArchivedSegment,
  lacking: readonly StayingRow[],
  lockOf: (due: Due) => UnixMillis | undefined,
): Promise<void> {
  const opened = await openSegment(parts, old)
  const covering = coveringOf({ note: opened.manifest.checkpoint, size: old.checkpoint_size })
  // No copy is locked for less long than the one that it takes the place of.
  const before = await lockedUntil(parts, old)
  const groups = new Map<string, Group>()

  async function flush({ retention_class, due_month, builder, until }: Group): Promise<void> {
    const group = { retention_class, due_month, replaces: old.segment }
    const lockUntil = Math.max(until ?? 0, before)
    const asBefore = { untilWith: () => old.complete_until, add: () => undefined }
    await writeSegment(parts, group, builder.finish(), covering, lockUntil === 0 ? undefined : lockUntil, asBefore)
  }

  for (const row of lacking) {
    const entry = entryIn(parts, opened, old, row)
    const record = recordOf({ seq: row.seq, entry })
    const due = parts.dueOf(record) ?? unreachable('every record has a class')
    const name = `${due.retention_class} ${due.due_month}`
    const { retention_class, due_month } = due
    const group = groups.get(name) ?? { retention_class, due_month, builder: createSegmentBuilder(), until: undefined }
    groups.set(name, group)
    for (const reference of record.content ?? []) {
      if (!group.builder.lacks(reference.blob_id)) continue
      const payload = opened.payload(reference) ?? (await readPayload(parts.store, parts.ledger, reference))
      group.builder.keep(reference.blob_id, payload)
    }
    group.builder.add({ seq: row.seq, entry, leaf: row.leaf }, record)
    const until = lockOf(due)
    if (until !== undefined) group.until = Math.max(group.until ?? 0, until)
    if (!group.builder.isFull()) continue
    groups.delete(name)
    await flush(group)
  }
  for (const group of groups.values()) await flush(group)
}

function entryIn(
  { objects }: Archiving,
  { entries }: OpenedSegment,
  { segment }: ArchivedSegment,
  { seq, leaf }: StayingRow,
): Uint8Array {
  const entry = entries.get(seq)
  if (entry !== undefined && equalBytes(leafHash(entry), leaf)) return entry
  throw new LedgerError('archive-altered', {
    problem: `${segmentKeys(segment).object} in ${objects.where} holds other bytes for the record at seq ${seq} than were hashed`,
    cure: 'run affidavit archive verify, and affidavit verify: they say what was changed',
  })
}

// As the store says it of both; 0 where it proves none that is still to come.
async function lockedUntil({ objects, now }: Archiving, { segment }: ArchivedSegment): Promise<UnixMillis> {
  if ((await objects.lockProof()).lock === 'none') return 0
  const ends: UnixMillis[] = []
  for (const key of Object.values(segmentKeys(segment))) ends.push((await objects.stat(key))?.locked_until ?? 0)
  const end = Math.min(...ends)
  return end > now() ? end : 0
}
