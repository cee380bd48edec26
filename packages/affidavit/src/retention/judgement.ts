// What the policies say of one record at one instant (spec/retention.md §4). Types of the answer; due.ts gives it.

import type { UnixMillis } from '../clock/clock.ts'
import type { Anchor, Part, RetentionPolicy } from './policy.ts'

/** A day of the calendar, `YYYY-MM-DD`. */
export type CalendarDay = string

/** What a policy says of a record. */
export interface AppliedPolicy {
  readonly policy: RetentionPolicy
  readonly minimum?: Counted
  readonly maximum?: Counted
}

/** A period that runs, or one that waits for its anchor. `until`: the end of its last day in the time zone of the set, as an instant: the first one behind it. */
export type Counted =
  | { readonly state: 'counted'; readonly anchor_day: CalendarDay; readonly until: UnixMillis }
  | { readonly state: 'waits'; readonly for: Anchor }

/** The stricter of all that applies. */
export interface Span {
  /** May not be destroyed before; `waits`: an anchor that has not come; `none`: no policy gives a minimum. */
  readonly minimum: { readonly state: 'until'; readonly until: UnixMillis } | { readonly state: 'waits' | 'none' }
  /** Has to be destroyed by. */
  readonly maximum: { readonly state: 'until'; readonly until: UnixMillis } | { readonly state: 'waits' | 'none' }
  /** A maximum ends before the minimum does: for a person to resolve. */
  readonly conflict: boolean
}

export interface Judgement {
  readonly applied: readonly AppliedPolicy[]
  /** `unclassified`: no policy applies, or its retention class is the default one alone; it is kept until somebody says what it is. */
  readonly classified: boolean
  readonly spans: Readonly<Record<Exclude<Part, 'record'>, Span>>
  /** Has to be at hand until; absent where no policy says so, or an anchor has not come. */
  readonly available_until?: UnixMillis
  /** Whether every policy that applies leaves it to be destroyed at the end. */
  readonly at_end: 'destroy' | 'keep'
}

/** What becomes of a record at an instant, holds considered. */
export type Disposition =
  | { readonly state: 'kept'; readonly until: UnixMillis }
  | { readonly state: 'waits'; readonly for: readonly Anchor[] }
  | { readonly state: 'held'; readonly holds: readonly string[] }
  | { readonly state: 'unclassified' }
  | { readonly state: 'conflict' }
  /** Its minimum has passed, and nothing says that it is to be destroyed. */
  | { readonly state: 'free' }
  | { readonly state: 'due'; readonly since: UnixMillis; readonly overdue_since?: UnixMillis }
