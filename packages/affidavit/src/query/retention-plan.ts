// What becomes of every record, at an instant (spec/retention.md §6). One pass over the ledger; what is kept of it does not grow with it.

import { formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { parseEntry } from '../formats/entry.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import { recordOf } from '../ledger/read.ts'
import { gatherRetentionKnowledge, type ReadRecord } from '../ledger/retention-knowledge.ts'
import type { StoredEntry } from '../ledger/store.ts'
import type { PlacedHold } from '../links/holds.ts'
import { disposition, wholeOf } from '../retention/disposition.ts'
import { judging } from '../retention/judge-many.ts'
import type { Disposition, Judgement } from '../retention/judgement.ts'
import type { Anchor } from '../retention/policy.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { createList, type GrowingList, type Listed, listOf } from './listed.ts'

export interface PlanAsked {
  /** The instant that it is judged at; now where left out. */
  readonly at?: UnixMillis
  /** Examples of each state at most. */
  readonly limit: number
  /** Told now and then how many of how many records are judged. */
  readonly onProgress?: (judged: number, records: number) => void
}

export type State = Disposition['state']

export interface RetentionPlan {
  readonly as_of_seq: number
  readonly at: string
  readonly policies: { readonly revision: string; readonly digest: string; readonly time_zone: string }
  readonly records: number
  /** Only states that records are in. */
  readonly states: Readonly<Partial<Record<State, Listed<Example>>>>
  /** Of those that are due: behind their maximum, too. */
  readonly overdue: number
  /** Records whose content is due while the record is not. */
  readonly content_due: number
  /** Records that each policy applies to. */
  readonly by_policy: Readonly<Record<string, number>>
  /** By the month in which their minimum ends: `open` where an anchor is awaited, `none` without a minimum. */
  readonly by_due_month: Readonly<Record<string, number>>
}

export interface Example {
  readonly seq: number
  readonly id: string
  readonly action: string
  readonly policies: readonly string[]
  /** Until when it is kept, or since when it is due. */
  readonly day?: string
  readonly waits_for?: readonly Anchor[]
  readonly holds?: readonly string[]
}

export function retentionPlan(set: PolicySet, wanted: PlanAsked): Question<RetentionPlan> {
  return {
    operation: 'retention_plan',
    asks: 'the whole ledger',
    act: 'plan-retention',
    answer: (asked) => answer(set, wanted, asked),
  }
}

async function answer(
  set: PolicySet,
  { at: wanted, limit, onProgress }: PlanAsked,
  asked: Asked,
): Promise<Answered<RetentionPlan>> {
  const at = wanted ?? Date.parse(asked.at)
  const knowledge = await gatherRetentionKnowledge(asked.find, set)
  const tally = createTally(set, at, limit)
  const judge = judging(set, at)
  let judged = 0
  for await (const page of asked.pages()) {
    for (const entry of page) {
      const record = readEntry(entry)
      tally.add(record, judge(knowledge.judged(record), knowledge.anchors(record)), knowledge.holds(record))
    }
    judged += page.length
    onProgress?.(judged, asked.until_seq)
  }
  const found: RetentionPlan = {
    as_of_seq: asked.until_seq - 1,
    at: formatTimestamp(at),
    policies: { revision: set.revision, digest: set.digest, time_zone: set.calendar.zone },
    ...tally.counted(),
  }
  const results = Object.values(found.states).flatMap(({ listed }) => listed.map(({ seq }) => seq))
  return { answer: found, results: results.sort((one, other) => one - other) }
}

/** Whether it was altered is for verification to say: hashing would take as long as everything else. */
function readEntry(entry: StoredEntry): ReadRecord {
  const parsed = parseEntry(entry.entry)
  return 'entry' in parsed ? parsed.entry : recordOf(entry)
}

interface Tally {
  add(record: ReadRecord, judgement: Judgement, bound: readonly PlacedHold[]): void
  counted(): Omit<RetentionPlan, 'as_of_seq' | 'at' | 'policies'>
}

function createTally(set: PolicySet, at: UnixMillis, limit: number): Tally {
  const states = new Map<State, GrowingList<Example>>()
  const policies = new Map<string, number>()
  const months = new Map<string, number>()
  let [records, overdue, content_due] = [0, 0, 0]

  function listFor(state: State): GrowingList<Example> {
    const known = states.get(state)
    if (known !== undefined) return known
    const list = createList<Example>(limit)
    states.set(state, list)
    return list
  }

  return {
    add(record, judgement, bound) {
      const holds = bound.map(({ id }) => id)
      const becomes = disposition(judgement, 'record', holds, at)
      records++
      if (becomes.state === 'due' && becomes.overdue_since !== undefined) overdue++
      if (becomes.state !== 'due' && record.content !== undefined) {
        if (disposition(judgement, 'content', holds, at).state === 'due') content_due++
      }
      for (const { policy } of judgement.applied) addTo(policies, policy.id)
      addTo(months, monthOf(set, judgement))
      const list = listFor(becomes.state)
      // Examples are few, and words for them take longer than counting.
      list.add(list.count < limit ? exampleOf(set, record, judgement, becomes) : NO_EXAMPLE)
    },
    counted: () => ({
      records,
      states: Object.fromEntries([...states].map(([state, list]) => [state, listOf(list)])),
      overdue,
      content_due,
      by_policy: sorted(policies),
      by_due_month: sorted(months),
    }),
  }
}

const NO_EXAMPLE: Example = { seq: 0, id: '', action: '', policies: [] }

function addTo(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1)
}

function sorted(counts: Map<string, number>): Readonly<Record<string, number>> {
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1)))
}

function monthOf({ calendar }: PolicySet, { spans }: Judgement): string {
  const { minimum } = wholeOf(spans)
  if (minimum.state === 'none') return 'none'
  return minimum.state === 'waits' ? 'open' : calendar.dayOf(minimum.until - 1).slice(0, 7)
}

function exampleOf(
  { calendar }: PolicySet,
  { seq, id, action }: ReadRecord,
  { applied }: Judgement,
  becomes: Disposition,
): Example {
  const example = { seq, id, action, policies: applied.map(({ policy }) => policy.id) }
  switch (becomes.state) {
    case 'kept':
      // The end of its last day is the first instant that is not on it.
      return { ...example, day: calendar.dayOf(becomes.until - 1) }
    case 'due':
      return { ...example, day: calendar.dayOf(becomes.since - 1) }
    case 'waits':
      return { ...example, waits_for: becomes.for }
    case 'held':
      return { ...example, holds: becomes.holds }
    case 'unclassified':
    case 'conflict':
    case 'free':
      return example
  }
}
