// Stubs of what was written anew, to where it lies now (spec/archive.md §9): each by the bytes that were read there, and where they are locked as
// long as they have to be.

import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import type { ArchivedSegment } from '../formats/archive-record.ts'
import { segmentKeys } from '../formats/segment.ts'
import { recordOf } from '../ledger/read.ts'
import type { MovingEntry } from '../ledger/store.ts'
import type { Archiving, Due } from './archiving.ts'
import { extend } from './extend-locks.ts'
import { openSegment } from './open-segment.ts'
import type { StayingRow } from './staying.ts'

/** Rows that are changed in one transaction. */
const AT_ONCE = 500

/**
 * @param rows those whose stubs name `from`, and that lie in `to`
 * @param lockOf until when a record has to be locked; nothing without a minimum
 */
export async function moveStubs(
  parts: Archiving,
  from: ArchivedSegment,
  to: ArchivedSegment,
  rows: readonly StayingRow[],
  lockOf: (due: Due) => UnixMillis | undefined,
): Promise<void> {
  const { manifest, entries } = await openSegment(parts, to)
  const moving: MovingEntry[] = []
  let needed = 0
  for (const { seq } of rows) {
    const entry = entries.get(seq) ?? unreachable('a segment holds what is on record of it')
    const due = parts.dueOf(recordOf({ seq, entry }))
    needed = Math.max(needed, (due && lockOf(due)) ?? 0)
    const block = manifest.blocks.findLastIndex(({ first_seq }) => first_seq <= seq)
    moving.push({ seq, entry, mark: { state: 'archived', segment: to.segment, block } })
  }
  if (needed > parts.now() && (await extend(parts.objects, to, needed)) === 'short') throw notLocked(parts, to, needed)
  for (let at = 0; at < moving.length; at += AT_ONCE)
    await parts.rows.moveEntries(parts.ledger, { from: from.segment, entries: moving.slice(at, at + AT_ONCE) })
}

function notLocked({ objects }: Archiving, { segment }: ArchivedSegment, needed: UnixMillis): LedgerError {
  return new LedgerError('lock-refused', {
    problem: `${segmentKeys(segment).object} in ${objects.where} is not locked until ${new Date(needed).toISOString()}: what stays is left where it is`,
    cure: 'affidavit archive status says what the store keeps; then affidavit dispose finish',
  })
}
