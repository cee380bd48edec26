// Which content an erasure must leave readable (spec/erasure.md §2): what a hold binds, and what has to be kept longer yet.

import type { UnixMillis } from '../clock/clock.ts'
import { MAX_REFUSAL_REASONS, type Refusal } from '../erasure/plan.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { PlacedHold } from '../links/holds.ts'
import type { AppliedPolicy, Counted } from '../retention/judgement.ts'
import { type JudgingBy, type RecordJudged, recordJudge } from './judge-record.ts'
import type { Owners } from './linked-content.ts'
import { readPages, recordOf } from './read.ts'
import type { EntryFilter } from './store.ts'

/** Why records have to stay as they are. */
export interface Keeps {
  /** Why the content of a record has to stay readable; `undefined` where it need not. */
  content(record: AuditRecord): Refusal | undefined
  /** Records without content that a hold binds, by seq: who is behind their tokens would be known no more. */
  readonly bare: ReadonlyMap<number, Refusal>
}

/** Where nothing has to be asked: of what is decided. */
export const keepsNothing: Keeps = { content: () => undefined, bare: new Map() }

export async function readKept(by: JudgingBy, owners: Owners): Promise<Keeps> {
  const { judge, standing } = await recordJudge(by)
  const content = (record: AuditRecord): Refusal | undefined => refusalOf(record.seq, judge(record), by)
  const bare = new Map<number, Refusal>()
  for (const filter of standing.length === 0 ? [] : filtersOf(owners)) {
    for await (const entry of readPages(by.store, by.ledger, { ...filter, until_seq: by.size })) {
      const record = recordOf(entry)
      const { holds } = judge(record)
      if (record.content !== undefined || holds.length === 0) continue
      const { compliance_domains = [] } = record
      bare.set(record.seq, { ...heldBy(holds), seq: record.seq, compliance_domains, policies: [], earliest: 'open' })
    }
  }
  return { content, bare }
}

function filtersOf({ subjects, conversations }: Owners): readonly EntryFilter[] {
  return [
    ...subjects.flatMap((one) => [{ subject_id: one }, { actor_id: one }]),
    ...conversations.map((conversation_id) => ({ conversation_id })),
  ]
}

function refusalOf(
  seq: number,
  { counts, judgement, holds }: RecordJudged,
  { at, set }: JudgingBy,
): Refusal | undefined {
  const { minimum } = judgement.spans.content
  const isKept = minimum.state === 'waits' || (minimum.state === 'until' && minimum.until > at)
  if (holds.length === 0 && !isKept) return undefined
  const keeping = judgement.applied.filter((one) => setsContent(one) && minimumsOf(one).some((end) => isAhead(end, at)))
  return {
    seq,
    compliance_domains: few(counts.compliance_domains),
    policies: few(isKept ? keeping.map(({ policy }) => policy.id) : []),
    ...(holds.length > 0
      ? { ...heldBy(holds), earliest: 'open' }
      : {
          because: 'minimum_retention',
          holds: [],
          earliest: minimum.state === 'until' ? set.calendar.dayOf(minimum.until) : 'open',
        }),
  }
}

function heldBy(holds: readonly PlacedHold[]): Pick<Refusal, 'because' | 'holds'> {
  return { because: 'hold', holds: few(holds.map(({ id }) => id)) }
}

// Content that no policy sets a clock for follows the envelope.
function setsContent({ policy }: AppliedPolicy): boolean {
  return policy.part !== 'envelope'
}

function minimumsOf({ minimum, extension }: AppliedPolicy): readonly Counted[] {
  return [minimum, extension].filter((counted) => counted !== undefined)
}

function isAhead(end: Counted, at: UnixMillis): boolean {
  return end.state === 'waits' || end.until > at
}

function few(words: readonly string[]): readonly string[] {
  return [...new Set(words)].sort().slice(0, MAX_REFUSAL_REASONS)
}
