// How long one record is kept, and by whose rule (spec/retention.md §6).

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import { gatherRetentionKnowledge } from '../ledger/retention-knowledge.ts'
import { disposition, wholeOf } from '../retention/disposition.ts'
import { judge } from '../retention/judge.ts'
import type { AppliedPolicy, Bound, Counted, Disposition } from '../retention/judgement.ts'
import type { Anchor, Period, RetentionPolicy } from '../retention/policy.ts'
import type { PolicySet } from '../retention/policy-set.ts'

export interface RetentionStory {
  readonly as_of_seq: number
  readonly at: string
  readonly policies: { readonly revision: string; readonly digest: string; readonly time_zone: string }
  readonly seq: number
  readonly id: string
  readonly action: string
  readonly timestamp: string
  readonly recorded_at: string
  /** As late facts leave them. */
  readonly retention_class: string
  readonly compliance_domains: readonly string[]
  readonly applied: readonly AppliedShown[]
  readonly minimum: BoundShown
  readonly maximum: BoundShown
  readonly available: BoundShown
  /** Of the record as a whole. */
  readonly disposition: DispositionShown
  /** Of its content alone; absent where it has none. */
  readonly content?: DispositionShown
  readonly holds: readonly { readonly id: string; readonly matter: string; readonly custodian: string }[]
  /** Seqs of the records that said something of it later. */
  readonly sources: readonly number[]
}

export interface AppliedShown
  extends Pick<RetentionPolicy, 'id' | 'title' | 'citation' | 'basis' | 'confidence' | 'part' | 'overridden'> {
  readonly minimum?: PeriodShown
  readonly extension?: PeriodShown
  readonly maximum?: PeriodShown
  readonly without_minimum?: string
}

export type PeriodShown = Period &
  (
    | { readonly state: 'counted'; readonly anchor_day: string; readonly until: string }
    | { readonly state: 'waits'; readonly for: readonly Anchor[] }
  )

export type BoundShown =
  | { readonly state: 'until'; readonly until: string }
  | { readonly state: 'waits'; readonly for: readonly Anchor[]; readonly at_least?: string }
  | { readonly state: 'none' }

export type DispositionShown =
  | Exclude<Disposition, { state: 'kept' | 'due' }>
  | { readonly state: 'kept'; readonly until: string }
  | { readonly state: 'due'; readonly since: string; readonly overdue_since?: string }

export interface StoryAsked {
  /** The instant that it is judged at; now where left out. */
  readonly at?: UnixMillis
}

export function retentionStory(
  set: PolicySet,
  which: string | number,
  { at }: StoryAsked,
): Question<RetentionStory | undefined> {
  return {
    operation: 'retention_story',
    asks: 'the whole ledger',
    act: 'plan-retention',
    answer: (asked) => answer(set, which, at, asked),
  }
}

async function answer(
  set: PolicySet,
  which: string | number,
  wanted: UnixMillis | undefined,
  asked: Asked,
): Promise<Answered<RetentionStory | undefined>> {
  const at = wanted ?? Date.parse(asked.at)
  const filter = typeof which === 'string' ? { id: which } : { from_seq: which, until_seq: which + 1 }
  const { value: record } = await asked.find(filter).next()
  if (record === undefined) return { answer: undefined, results: [] }
  const knowledge = await gatherRetentionKnowledge(asked.find, set)
  const judged = knowledge.judged(record)
  const judgement = judge(judged, knowledge.anchors(record), set, at)
  const holds = knowledge.holds(record)
  const ids = holds.map(({ id }) => id)
  const { seq, id, action, timestamp, recorded_at } = record
  const { minimum, maximum } = wholeOf(judgement.spans)
  const story: RetentionStory = {
    as_of_seq: asked.until_seq - 1,
    at: formatTimestamp(at),
    policies: { revision: set.revision, digest: set.digest, time_zone: set.calendar.zone },
    ...{ seq, id, action, timestamp, recorded_at },
    retention_class: judged.retention_class,
    compliance_domains: judged.compliance_domains,
    applied: judgement.applied.map(appliedShown),
    minimum: boundShown(minimum),
    maximum: boundShown(maximum),
    available: boundShown(judgement.available),
    disposition: dispositionShown(disposition(judgement, 'record', ids, at)),
    ...(judged.has_content ? { content: dispositionShown(disposition(judgement, 'content', ids, at)) } : {}),
    holds: holds.map(({ id: hold, matter, custodian }) => ({ id: hold, matter, custodian })),
    sources: knowledge.sources(record),
  }
  return { answer: story, results: [seq] }
}

function appliedShown({ policy, minimum, extension, maximum }: AppliedPolicy): AppliedShown {
  const { id, title, citation, basis, confidence, part, overridden, without_minimum } = policy
  return {
    ...{ id, title, citation, basis, confidence, part },
    ...periodsShown(policy, { minimum, extension, maximum }),
    ...(without_minimum === undefined ? {} : { without_minimum }),
    ...(overridden === undefined ? {} : { overridden }),
  }
}

const PERIODS = ['minimum', 'extension', 'maximum'] as const
type PeriodName = (typeof PERIODS)[number]

function periodsShown(
  policy: RetentionPolicy,
  counted: Readonly<Record<PeriodName, Counted | undefined>>,
): Readonly<Partial<Record<PeriodName, PeriodShown>>> {
  return Object.fromEntries(
    PERIODS.flatMap((name) => {
      const [period, end] = [policy[name], counted[name]]
      return period === undefined || end === undefined ? [] : [[name, { ...period, ...countedShown(end) }]]
    }),
  )
}

function countedShown(counted: Counted): object {
  return counted.state === 'waits' ? counted : { ...counted, until: formatTimestamp(counted.until) }
}

function boundShown(bound: Bound): BoundShown {
  if (bound.state === 'none') return bound
  if (bound.state === 'until') return { state: 'until', until: formatTimestamp(bound.until) }
  const { state, for: awaited, at_least } = bound
  return { state, for: awaited, ...(at_least === undefined ? {} : { at_least: formatTimestamp(at_least) }) }
}

function dispositionShown(becomes: Disposition): DispositionShown {
  if (becomes.state === 'kept') return { state: 'kept', until: formatTimestamp(becomes.until) }
  if (becomes.state !== 'due') return becomes
  const { state, since, overdue_since } = becomes
  return {
    state,
    since: formatTimestamp(since),
    ...(overdue_since === undefined ? {} : { overdue_since: formatTimestamp(overdue_since) }),
  }
}
