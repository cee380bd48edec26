// What the policies say of one record at one instant (spec/retention.md §4). Types of the question and the answer; judge.ts gives it.

import type { UnixMillis } from '../clock/clock.ts'
import type { CalendarDay } from './calendar.ts'
import type { Anchor, RetentionPolicy } from './policy.ts'

/** What is asked about: a record as late facts leave it. */
export interface JudgedRecord {
  readonly action: string
  readonly timestamp: UnixMillis
  readonly recorded_at: UnixMillis
  readonly retention_class: string
  readonly compliance_domains: readonly string[]
  readonly resource_type: string | undefined
  readonly has_content: boolean
}

/** Anchors that became known from other records; `open`: it was taken back, and is awaited. */
export type KnownAnchors = ReadonlyMap<Anchor, CalendarDay | 'open'>

/** What a policy says of a record. */
export interface AppliedPolicy {
  readonly policy: RetentionPolicy
  readonly minimum?: Counted
  readonly extension?: Counted
  readonly maximum?: Counted
}

/** A period that runs, or one that waits for its anchors. `until`: the first instant behind its last day in the time zone of the set. */
export type Counted =
  | { readonly state: 'counted'; readonly anchor_day: CalendarDay; readonly until: UnixMillis }
  | { readonly state: 'waits'; readonly for: readonly Anchor[] }

/** The end of what several policies say; `none`: no policy says one. */
export type Bound =
  | { readonly state: 'until'; readonly until: UnixMillis }
  /** `at_least`: the latest end that is known already. */
  | { readonly state: 'waits'; readonly for: readonly Anchor[]; readonly at_least: UnixMillis | undefined }
  | { readonly state: 'none' }

/** The stricter of all that applies to one part. */
export interface Span {
  /** Whether a policy gives a period; else it is kept until somebody says what it is. */
  readonly classified: boolean
  /** May not be destroyed before. */
  readonly minimum: Bound
  /** Has to be destroyed by. */
  readonly maximum: Bound
  /** A maximum ends before the minimum does: for a person to resolve. */
  readonly conflict: boolean
  /** What happens behind the minimum: `destroy` where a policy says so, and none says `keep`. */
  readonly at_end: 'destroy' | 'keep' | 'unsaid'
}

export interface Judgement {
  readonly applied: readonly AppliedPolicy[]
  /** Content that no policy sets a clock for follows the envelope. */
  readonly spans: Readonly<Record<'envelope' | 'content', Span>>
  /** Has to be at hand until. */
  readonly available: Bound
}

/** What becomes of a record, or of its content, at an instant, holds considered. */
export type Disposition =
  | { readonly state: 'unclassified' }
  | { readonly state: 'conflict' }
  | { readonly state: 'waits'; readonly for: readonly Anchor[] }
  | { readonly state: 'kept'; readonly until: UnixMillis }
  /** Its minimum has passed, and these holds bind it. */
  | { readonly state: 'held'; readonly holds: readonly string[] }
  /** Its minimum has passed, and nothing says that it is to be destroyed. */
  | { readonly state: 'free' }
  | { readonly state: 'due'; readonly since: UnixMillis; readonly overdue_since?: UnixMillis }
