// From when a period is counted, and until when (spec/retention.md §2, §3). Pure.

import { type CalendarDay, type Edge, fiscalYearEnd } from './calendar.ts'
import type { Counted, JudgedRecord, KnownAnchors } from './judgement.ts'
import type { Anchor, Period } from './policy.ts'
import type { PolicySet } from './policy-set.ts'

/** A record, and what is known of it. */
export interface Counting {
  readonly record: JudgedRecord
  readonly anchors: KnownAnchors
  readonly set: Pick<PolicySet, 'calendar' | 'fiscal_year_end'>
}

export function countPeriod(counting: Counting, period: Period, edge: Edge): Counted {
  let anchor_day: CalendarDay = ''
  const awaited: Anchor[] = []
  for (const anchor of period.anchors) {
    const day = dayOfAnchor(counting, anchor)
    if (day === undefined) awaited.push(anchor)
    else if (day > anchor_day) anchor_day = day
  }
  if (awaited.length > 0) return { state: 'waits', for: awaited }
  return { state: 'counted', anchor_day, until: counting.set.calendar.endOf(period, anchor_day, edge) }
}

/** `undefined` where it is not known yet, or was taken back. */
function dayOfAnchor({ record, anchors, set }: Counting, anchor: Anchor): CalendarDay | undefined {
  const ofRecord = OF_RECORDS[anchor]
  if (ofRecord === 'every' || ofRecord === record.action) return createdOn(record, set)
  if (anchor === 'fiscal_year_end' && set.fiscal_year_end !== undefined)
    return fiscalYearEnd(set.fiscal_year_end, createdOn(record, set))
  const known = anchors.get(anchor)
  return known === 'open' ? undefined : known
}

/** Anchors that a record is by itself: every one, or one of this action. */
const OF_RECORDS: Readonly<Partial<Record<Anchor, string>>> = {
  record_created: 'every',
  disclosure_date: 'data_disclosed',
  decision_date: 'approval_decided',
}

// A claimed time may lie before what it was recorded at, and a clock that was set back behind it.
function createdOn({ timestamp, recorded_at }: JudgedRecord, { calendar }: Counting['set']): CalendarDay {
  return calendar.dayOf(Math.max(timestamp, recorded_at))
}
