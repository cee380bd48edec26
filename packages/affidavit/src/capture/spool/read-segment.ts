// What can be read of a segment (spec/spool.md §3). Marks, and the segment that follows, tell what was written to its end from
// what a crash left, and where reading can go on behind what is damaged. Pure.

import type { Spoolable } from '../../ledger/spoolable.ts'
import { type Frame, findMark, frameAt, openDraftFrame, openMark, type Seal, type SegmentTitle } from './segment.ts'
import { decodeWaiting } from './waiting-draft.ts'

export type DraftRead = Spoolable | 'unreadable'

/**
 * The drafts of a segment in order, from its first one; its frames begin at `headerSize`. `end` is the number behind its last
 * one, where that is known: a later segment begins there. Else it ends behind the last draft that is durable by a mark, or can
 * be read.
 */
export function readSegment(
  seal: Seal,
  title: SegmentTitle,
  bytes: Uint8Array,
  headerSize: number,
  end?: number,
): readonly DraftRead[] {
  const drafts: DraftRead[] = []
  let durable = 0
  for (let at = headerSize; at < bytes.length; ) {
    const frame = frameAt(bytes, at)
    const opened = frame && open(frame)
    // What cannot be opened may lie about its length too: no further than to the next mark.
    at = opened === true ? frame.end : findMark(seal, title, bytes, at + 1, frame?.end ?? bytes.length)
  }
  const count = end === undefined ? Math.max(durable, countReadable(drafts)) : end - title.first
  return Array.from({ length: count }, (_, i) => drafts[i] ?? 'unreadable')

  function open({ kind, sealed }: Frame): boolean {
    if (kind === 'mark') {
      const next = openMark(seal, title, sealed)
      if (next !== undefined) durable = passMark(drafts, durable, next - title.first)
      return next !== undefined
    }
    const draft = openDraft(seal, title, title.first + drafts.length, sealed)
    drafts.push(draft)
    return draft !== 'unreadable'
  }
}

function openDraft(seal: Seal, title: SegmentTitle, number: number, sealed: Uint8Array): DraftRead {
  const plain = openDraftFrame(seal, title, number, sealed)
  return (plain && decodeWaiting(plain)) ?? 'unreadable'
}

// Frames that are missing, or too many, are made good here: the number of the draft behind a mark is known.
function passMark(drafts: DraftRead[], durable: number, count: number): number {
  // A copy of an earlier one takes nothing back.
  if (count < durable) return durable
  while (drafts.length < count) drafts.push('unreadable')
  drafts.length = Math.max(count, countReadable(drafts))
  return count
}

function countReadable(drafts: readonly DraftRead[]): number {
  return drafts.findLastIndex((draft) => draft !== 'unreadable') + 1
}
