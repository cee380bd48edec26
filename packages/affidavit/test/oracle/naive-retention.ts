// A second opinion on judgements of retention, written from spec/retention.md §2-§4 as a list of sentences. It shares types with src/ and
// nothing else.

import type { JudgedRecord, KnownAnchors } from '../../src/retention/judgement.ts'
import type { Anchor, Period, RetentionPolicy } from '../../src/retention/policy.ts'
import type { SetParts } from '../any-retention.ts'
import { civilFromDays, daysFromCivil, type NaiveCalendar, naiveCalendar, readDay, writeDay } from './naive-calendar.ts'

export interface NaiveQuestion {
  readonly record: JudgedRecord
  readonly anchors: KnownAnchors
  readonly set: SetParts
  readonly holds: number
  readonly at: number
}

/** Of the whole record: its state, and until when or since when, where it says so. */
export interface NaiveAnswer {
  readonly state: string
  readonly when?: number
  readonly overdue?: number
}

const calendars = new Map<string, NaiveCalendar>()

function calendarIn(zone: string): NaiveCalendar {
  const known = calendars.get(zone) ?? naiveCalendar(zone)
  calendars.set(zone, known)
  return known
}

export function naiveDisposition(question: NaiveQuestion): NaiveAnswer {
  const { record, set, at, holds } = question
  const today = calendarIn(set.time_zone).dayOf(at)
  const applying = set.policies.filter((policy) => isFor(policy, record, today))
  const content = applying.filter(({ part, ...says }) => part !== 'envelope' && hasPeriod(says))
  const envelope = applying.filter(({ part }) => part !== 'content')
  if (!envelope.some(hasPeriod)) return { state: 'unclassified' }

  const both = [...envelope, ...content]
  const minimums = (policies: readonly RetentionPolicy[]): (number | 'waits')[] =>
    policies
      .flatMap((policy) => [policy.minimum, policy.extension])
      .flatMap((one) => endOf(one, 'minimum', question) ?? [])
  const maximums = (policies: readonly RetentionPolicy[]): number[] =>
    policies.flatMap(({ maximum }) => endOf(maximum, 'maximum', question) ?? []).filter((end) => end !== 'waits')

  const ends = minimums(both)
  const waits = ends.includes('waits')
  const last = Math.max(...numbersIn(ends))
  const first = Math.min(...maximums(envelope))
  const contentConflict = Math.min(...maximums(content)) < Math.max(...numbersIn(minimums(content)))
  const keep = both.some(({ at_end }) => at_end === 'keep')

  if (first < last || contentConflict || (first <= at && (waits || keep))) return { state: 'conflict' }
  if (waits) return { state: 'waits' }
  if (ends.length > 0 && last > at) return { state: 'kept', when: last }
  if (holds > 0) return { state: 'held' }
  const overdue = first <= at ? { overdue: first } : {}
  if (!keep && envelope.some(({ at_end }) => at_end === 'destroy')) return { state: 'due', when: last, ...overdue }
  return first <= at ? { state: 'due', when: first, ...overdue } : { state: 'free' }
}

function numbersIn(ends: readonly (number | 'waits')[]): number[] {
  return ends.filter((end) => end !== 'waits')
}

function hasPeriod({ minimum, maximum }: Pick<RetentionPolicy, 'minimum' | 'maximum'>): boolean {
  return minimum !== undefined || maximum !== undefined
}

function isFor({ applies_to, status, part }: RetentionPolicy, record: JudgedRecord, today: string): boolean {
  if (status.state === 'draft' || applies_to === 'when-adopted') return false
  if (status.state === 'from' && today < status.day) return false
  if (status.state === 'until' && today >= status.day) return false
  if (part === 'content' && !record.has_content) return false
  for (const scope of applies_to) {
    const asked: [readonly string[] | undefined, readonly (string | undefined)[]][] = [
      [scope.actions, [record.action]],
      [scope.resource_types, [record.resource_type]],
      [scope.retention_classes, [record.retention_class]],
      [scope.compliance_domains, record.compliance_domains],
    ]
    if (asked.every(([words, has]) => words === undefined || words.some((word) => has.includes(word)))) return true
  }
  return false
}

function endOf(
  period: Period | undefined,
  edge: 'minimum' | 'maximum',
  question: NaiveQuestion,
): number | 'waits' | undefined {
  if (period === undefined) return undefined
  const days = period.anchors.map((anchor) => dayOf(anchor, question))
  if (days.includes(undefined)) return 'waits'
  const last =
    days
      .filter((day) => day !== undefined)
      .sort()
      .at(-1) ?? ''
  return calendarIn(question.set.time_zone).endOf(period, last, edge)
}

function dayOf(anchor: Anchor, { record, anchors, set }: NaiveQuestion): string | undefined {
  const created = calendarIn(set.time_zone).dayOf(Math.max(record.timestamp, record.recorded_at))
  if (anchor === 'record_created') return created
  if (anchor === 'disclosure_date' && record.action === 'data_disclosed') return created
  if (anchor === 'decision_date' && record.action === 'approval_decided') return created
  if (anchor === 'fiscal_year_end' && set.fiscal_year_end !== undefined) return fiscal(set.fiscal_year_end, created)
  const known = anchors.get(anchor)
  return known === 'open' ? undefined : known
}

// The first day from this one on that is a fiscal year's last: the day after it is the first of the next.
function fiscal(ends: string, created: string): string {
  for (let day = daysFromCivil(readDay(created)); ; day++) {
    const text = writeDay(civilFromDays(day))
    const isLast = ends === '02-29' ? writeDay(civilFromDays(day + 1)).endsWith('-03-01') : text.endsWith(ends)
    if (isLast) return text
  }
}
