// When a policy alone lets go, counted from a day (spec/retention.md §2). Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { Calendar, CalendarDay } from './calendar.ts'
import type { RetentionPolicy } from './policy.ts'

export interface Due {
  /** May not be destroyed before; `undefined` where the policy gives no minimum. */
  readonly min_until: UnixMillis | undefined
  /** Has to be destroyed by; `undefined` where it gives no maximum. */
  readonly max_until: UnixMillis | undefined
}

/** `anchor_day`: the day of its anchor; of several, of the latest. */
export function dueFrom(
  { minimum, extension, maximum }: RetentionPolicy,
  anchor_day: CalendarDay,
  calendar: Calendar,
): Due {
  const ends = [minimum, extension].flatMap((period) =>
    period === undefined ? [] : calendar.endOf(period, anchor_day, 'minimum'),
  )
  return {
    min_until: ends.length === 0 ? undefined : Math.max(...ends),
    max_until: maximum === undefined ? undefined : calendar.endOf(maximum, anchor_day, 'maximum'),
  }
}
