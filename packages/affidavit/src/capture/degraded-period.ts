// A time during which the ledger took no records, and the two records that tell of it (spec/capture.md §6).

import type { Draft } from '../formats/fields.ts'
import { type Range, rangesOf } from './ranges.ts'

export interface DegradedPeriod {
  readonly since: string
  /** Code of the error that began it. */
  readonly reason: string
  /** Records that are nowhere. */
  readonly refused: number
  /** Records that went to the spool. */
  readonly spooled: number
}

export interface Period {
  readonly announcement: Draft
  readonly since: string
  readonly reason: string
  /** Numbers of the producer whose records are nowhere. */
  readonly refused: number[]
  spooled: number
  /** The record of its end, and what of this that tells. Told again, it is the same record. */
  end: End | undefined
}

interface End {
  readonly draft: Draft
  readonly until: string
  readonly refused: ReadonlySet<number>
  readonly spooled: number
}

type OwnAction = 'logging_degraded' | 'logging_resumed'

export interface PeriodParts {
  /** The time of the process, as records have it. */
  now(): string
  /** A numbered record of the producer about itself. */
  own(action: OwnAction, details: NonNullable<Draft['details']>): Draft
}

/** A record has room for so many. */
const MAX_RANGES = 1_000

export function beginPeriod(
  { own }: PeriodParts,
  since: string,
  reason: string,
  refused: readonly number[] = [],
): Period {
  const announcement = own('logging_degraded', { since, reason })
  return { announcement, since, reason, refused: [...refused], spooled: 0, end: undefined }
}

export function endPeriod({ own, now }: PeriodParts, { since, reason, refused, spooled }: Period): End {
  const until = now()
  const refused_seqs = rangesOf(refused).slice(0, MAX_RANGES)
  const told = new Set(refused_seqs.flatMap(numbersIn))
  const draft = own('logging_resumed', { since, until, reason, refused: told.size, refused_seqs, spooled })
  return { draft, until, refused: told, spooled }
}

/** What came to be between telling the end of a period and knowing that it is on record: that is a period of its own. */
export function periodAfter(parts: PeriodParts, { reason, refused, spooled, end }: Period): Period | undefined {
  if (end === undefined) return undefined
  const rest = refused.filter((number) => !end.refused.has(number))
  if (rest.length === 0 && spooled === end.spooled) return undefined
  return { ...beginPeriod(parts, end.until, reason, rest), spooled: spooled - end.spooled }
}

export function shownPeriod({ since, reason, refused, spooled }: Period): DegradedPeriod {
  return { since, reason, refused: refused.length, spooled }
}

function numbersIn([first, last]: Range): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
