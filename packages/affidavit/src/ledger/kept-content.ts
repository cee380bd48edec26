// Which content an erasure must leave readable (spec/erasure.md §2): what a hold binds, and what has to be kept longer yet.

import type { UnixMillis } from '../clock/clock.ts'
import { MAX_REFUSAL_REASONS, type Refusal } from '../erasure/plan.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { PlacedHold } from '../links/holds.ts'
import { judging } from '../retention/judge-many.ts'
import type { AppliedPolicy, Counted, Judgement } from '../retention/judgement.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { Owners } from './linked-content.ts'
import { readAny } from './read-any.ts'
import { readHoldRecords } from './read-holds.ts'
import { gatherRetentionKnowledge } from './retention-knowledge.ts'
import type { EntryFilter, LedgerStore } from './store.ts'

/** Why records have to stay as they are. */
export interface Keeps {
  /** Why the content of a record has to stay readable; `undefined` where it need not. */
  content(record: AuditRecord): Refusal | undefined
  /** Records without content that a hold binds, by seq: who is behind their tokens would be known no more. */
  readonly bare: ReadonlyMap<number, Refusal>
}

/** Where nothing has to be asked: of what is decided. */
export const keepsNothing: Keeps = { content: () => undefined, bare: new Map() }

export interface KeptBy {
  readonly store: LedgerStore
  /** Whose records are asked about, by what is known below this size. */
  readonly ledger: string
  readonly size: number
  /** Whose holds bind them: this one's, or those of the incarnation that goes on from it, which has all that stand. */
  readonly holdsOf: string
  readonly set: PolicySet
  readonly at: UnixMillis
}

export async function readKept(by: KeptBy, owners: Owners): Promise<Keeps> {
  const { store, ledger, size, holdsOf, set, at } = by
  const holds = await readHoldRecords(store, holdsOf, holdsOf === ledger ? size : Number.MAX_SAFE_INTEGER)
  const find = (...filters: readonly EntryFilter[]): AsyncIterable<AuditRecord> =>
    filters.some(({ action }) => action === 'hold_placed') ? inTurn(holds) : readAny(store, ledger, filters, size)
  const knowledge = await gatherRetentionKnowledge(find, set)
  const judge = judging(set, at)
  const content = (record: AuditRecord): Refusal | undefined => {
    const judged = knowledge.judged(record)
    const judgement = judge(judged, knowledge.anchors(record))
    return refusalOf(record.seq, judged.compliance_domains, judgement, knowledge.holds(record), by)
  }
  const bare = new Map<number, Refusal>()
  for await (const record of holds.length === 0 ? [] : readAny(store, ledger, filtersOf(owners), size)) {
    const binding = record.content === undefined ? knowledge.holds(record) : []
    if (binding.length === 0) continue
    const compliance_domains = few(knowledge.judged(record).compliance_domains)
    bare.set(record.seq, { ...heldBy(binding), seq: record.seq, compliance_domains, policies: [], earliest: 'open' })
  }
  return { content, bare }
}

async function* inTurn(records: readonly AuditRecord[]): AsyncGenerator<AuditRecord> {
  yield* records
}

function filtersOf({ subjects, conversations }: Owners): readonly EntryFilter[] {
  return [
    ...subjects.flatMap((one) => [{ subject_id: one }, { actor_id: one }]),
    ...conversations.map((conversation_id) => ({ conversation_id })),
  ]
}

function refusalOf(
  seq: number,
  domains: readonly string[],
  judgement: Judgement,
  holds: readonly PlacedHold[],
  { at, set }: KeptBy,
): Refusal | undefined {
  const { minimum } = judgement.spans.content
  const isKept = minimum.state === 'waits' || (minimum.state === 'until' && minimum.until > at)
  if (holds.length === 0 && !isKept) return undefined
  const keeping = judgement.applied.filter((one) => setsContent(one) && minimumsOf(one).some((end) => isAhead(end, at)))
  return {
    seq,
    compliance_domains: few(domains),
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
