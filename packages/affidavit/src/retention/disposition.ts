// What becomes of a record at an instant (spec/retention.md §4). Pure and total.

import type { UnixMillis } from '../clock/clock.ts'
import { endsBefore, laterBound } from './bounds.ts'
import type { Disposition, Judgement, Span } from './judgement.ts'

/**
 * @param part the record as a whole, which goes when its content may go, too; or its content alone
 * @param holds ids of those that bind it
 */
export function disposition(
  { spans }: Pick<Judgement, 'spans'>,
  part: 'record' | 'content',
  holds: readonly string[],
  at: UnixMillis,
): Disposition {
  const span = part === 'content' ? spans.content : wholeOf(spans)
  const { minimum, maximum, at_end } = span
  const ended = maximum.state === 'until' && maximum.until <= at ? maximum.until : undefined
  if (!span.classified) return { state: 'unclassified' }
  if (span.conflict || (ended !== undefined && (minimum.state === 'waits' || at_end === 'keep')))
    return { state: 'conflict' }
  if (minimum.state === 'waits') return { state: 'waits', for: minimum.for }
  if (minimum.state === 'until' && minimum.until > at) return { state: 'kept', until: minimum.until }
  if (holds.length > 0) return { state: 'held', holds }
  const asked = at_end === 'destroy' && minimum.state === 'until' ? minimum.until : ended
  if (asked === undefined) return { state: 'free' }
  return { state: 'due', since: asked, ...(ended === undefined ? {} : { overdue_since: ended }) }
}

/** A record goes as a whole when its content may go, too. */
export function wholeOf({ envelope, content }: Judgement['spans']): Span {
  const minimum = laterBound(envelope.minimum, content.minimum)
  return {
    ...envelope,
    minimum,
    conflict: endsBefore(envelope.maximum, minimum) || content.conflict,
    at_end: content.at_end === 'keep' ? 'keep' : envelope.at_end,
  }
}
