// What is not on record, as far as that can be seen from what is (spec/authority.md §6).

import type { Action, AuditRecord } from '../formats/fields.ts'
import type { Answered, Asked, Question } from '../ledger/question.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { createList, type Listed, listOf } from './listed.ts'
import { createOpenIntents, OUTCOMES_OF_CALLS } from './open-intents.ts'
import { createProducers, type Degraded, type Numbers, type Place, type Producers } from './producers.ts'

/** Which gaps are told: those whose record fits. */
export interface GapsWithin
  extends Pick<EntryFilter, 'from' | 'until' | 'recorded_from' | 'recorded_until' | 'from_seq' | 'until_seq'> {
  /** Items of each list at most. */
  readonly limit: number
}

export interface Gaps {
  readonly as_of_seq: number
  readonly unfinished: Listed<RecordFound>
  readonly numbers: Listed<Numbers>
  readonly degraded: Listed<Degraded>
  readonly unaudited: Listed<RecordFound>
  readonly answers: Listed<AnswerFound>
}

export type RecordFound = Readonly<Pick<AuditRecord, (typeof SHOWN)[number]>>

/** An answer of which not all came, or of which nobody knows whether it did. */
export interface AnswerFound extends RecordFound {
  readonly ended: 'cut' | 'cancelled' | 'unconfirmed'
}

const SHOWN = [
  'seq',
  'id',
  'timestamp',
  'recorded_at',
  'action',
  'agent_name',
  'conversation_id',
  'producer_id',
  'details',
] as const

export function gaps({ limit, ...within }: GapsWithin): Question<Gaps> {
  return { operation: 'gaps', asks: 'the whole ledger', query: within, answer: (asked) => answer(within, limit, asked) }
}

type Within = Omit<GapsWithin, 'limit'>

const OUTCOMES: Readonly<Partial<Record<Action, readonly Action[]>>> = {
  model_invoked: ['agent_response_generated', 'agent_failed'],
  tool_invoked: OUTCOMES_OF_CALLS,
  approval_requested: ['approval_decided'],
}

async function answer(within: Within, limit: number, asked: Asked): Promise<Answered<Gaps>> {
  const intents = createOpenIntents((record) => (isUnaudited(record) ? undefined : OUTCOMES[record.action]))
  const deliveries = createOpenIntents((record) => (isUnconfirmed(record) ? ['agent_response_delivered'] : undefined))
  const producers = createProducers()
  const unaudited = createList<RecordFound>(limit)
  const answers = createList<AnswerFound>(limit)
  for await (const record of asked.find({})) {
    for (const one of [intents, deliveries, producers]) one.see(record)
    if (!fits(within, record)) continue
    if (isUnaudited(record)) unaudited.add(shownOf(record))
    const ended = endedEarly(record)
    if (ended !== undefined) answers.add({ ...shownOf(record), ended })
  }
  const unfinished = createList<RecordFound>(limit)
  for (const record of await intents.left(asked)) if (fits(within, record)) unfinished.add(shownOf(record))
  for (const record of await deliveries.left(asked)) {
    if (fits(within, record)) answers.add({ ...shownOf(record), ended: 'unconfirmed' })
  }
  const found: Gaps = {
    as_of_seq: asked.until_seq - 1,
    unfinished: listOf(unfinished),
    ...producerGaps(producers, within, limit),
    unaudited: listOf(unaudited),
    answers: listOf(answers),
  }
  return { answer: found, results: resultsOf(found) }
}

function producerGaps(producers: Producers, within: Within, limit: number): Pick<Gaps, 'numbers' | 'degraded'> {
  const numbers = createList<Numbers>(limit)
  for (const gap of producers.numbers()) if (fits(within, gap.shown_by)) numbers.add(gap)
  const degraded = createList<Degraded>(limit)
  for (const period of producers.degraded()) if (fits(within, period.shown_by)) degraded.add(period)
  return { numbers: listOf(numbers), degraded: listOf(degraded) }
}

function isUnaudited({ action, assurance, details }: AuditRecord): boolean {
  return action === 'model_invoked' && assurance === 'observed' && details?.unaudited === true
}

// What has no words, as an answer that asks for tools alone, is nobody's to be given.
function isUnconfirmed(record: AuditRecord): boolean {
  const { action, details } = record
  const isAnswer = action === 'agent_response_generated' && endedEarly(record) === undefined
  return isAnswer && details?.delivery === 'unconfirmed' && details.characters !== 0
}

function endedEarly({ action, details = {} }: AuditRecord): 'cut' | 'cancelled' | undefined {
  if (action === 'agent_response_delivered') return details.cut_at === undefined ? undefined : 'cut'
  if (action !== 'agent_response_generated') return undefined
  if (details.ended === 'cancelled') return 'cancelled'
  return details.ended === 'cut' || details.delivery === 'cut' ? 'cut' : undefined
}

function fits(within: Within, { seq, timestamp, recorded_at }: Place): boolean {
  const { from = '', until, recorded_from = '', recorded_until, from_seq = 0, until_seq = seq + 1 } = within
  if (seq < from_seq || seq >= until_seq || timestamp < from || recorded_at < recorded_from) return false
  return (until === undefined || timestamp < until) && (recorded_until === undefined || recorded_at < recorded_until)
}

function shownOf(record: AuditRecord): RecordFound {
  const { seq, id, timestamp, recorded_at, action } = record
  const others = SHOWN.filter((field) => record[field] !== undefined).map((field) => [field, record[field]] as const)
  return { ...Object.fromEntries(others), seq, id, timestamp, recorded_at, action }
}

function resultsOf({ unfinished, numbers, degraded, unaudited, answers }: Gaps): readonly number[] {
  const records = [...unfinished.listed, ...unaudited.listed, ...answers.listed].map(({ seq }) => seq)
  const shown = numbers.listed.map(({ shown_by }) => shown_by.seq)
  const periods = degraded.listed.flatMap(({ degraded_seq, resumed_seq }) => [degraded_seq, resumed_seq])
  const told = periods.filter((seq) => seq !== undefined)
  return [...new Set([...records, ...shown, ...told])].sort((one, other) => one - other)
}
