// When records fall due, for the archive (spec/archive.md §1): by the policies, and by what the ledger knows of them later.

import type { UnixMillis } from '../clock/clock.ts'
import { readKnowledge } from '../ledger/judge-records.ts'
import type { ReadRecord } from '../ledger/retention-knowledge.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { laterBound } from '../retention/bounds.ts'
import { judging } from '../retention/judge-many.ts'
import type { Bound, Judgement } from '../retention/judgement.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { Due } from './archiving.ts'

export interface DueOptions {
  readonly set: PolicySet
  readonly at: UnixMillis
  /** Records that this policy applies to, and no others. */
  readonly policy?: string
}

export type DueOf = (record: ReadRecord) => Due | undefined

export interface Judged {
  /** The class that it counts as. */
  readonly retention_class: string
  readonly judgement: Judgement
  readonly isHeld: boolean
}

export type JudgementOf = (record: ReadRecord) => Judged

/** Reads what is known of the records of a ledger once, and judges by it. */
export async function readJudgements(
  store: LedgerStore,
  ledger: string,
  { set, at }: Pick<DueOptions, 'set' | 'at'>,
): Promise<JudgementOf> {
  const knowledge = await readKnowledge(store, ledger, set, Number.MAX_SAFE_INTEGER)
  const judge = judging(set, at)
  return (record) => {
    const judged = knowledge.judged(record)
    const judgement = judge(judged, knowledge.anchors(record))
    return { retention_class: judged.retention_class, judgement, isHeld: knowledge.holds(record).length > 0 }
  }
}

export async function readDue(store: LedgerStore, ledger: string, options: DueOptions): Promise<DueOf> {
  const judgementOf = await readJudgements(store, ledger, options)
  const { policy, set } = options
  // Records that nothing tells apart have one judgement.
  const known = new WeakMap<Judgement, Due>()
  return (record) => {
    const { retention_class, judgement } = judgementOf(record)
    if (policy !== undefined && judgement.applied.every((one) => one.policy.id !== policy)) return undefined
    const before = known.get(judgement)
    if (before?.retention_class === retention_class) return before
    const due = dueBy(retention_class, minimumOf(judgement), set)
    known.set(judgement, due)
    return due
  }
}

/** When all of a record, content included, may be destroyed at the earliest. */
export function minimumOf({ spans }: Judgement): Bound {
  return laterBound(spans.envelope.minimum, spans.content.minimum)
}

function dueBy(retention_class: string, minimum: Bound, { calendar }: PolicySet): Due {
  switch (minimum.state) {
    case 'until': {
      // The month of the last day, which ends there.
      const due_month = calendar.dayOf(minimum.until - 1).slice(0, 7)
      return { retention_class, due_month, min_until: minimum.until }
    }
    case 'waits': {
      const known = minimum.at_least === undefined ? {} : { min_until: minimum.at_least }
      return { retention_class, due_month: 'open', ...known }
    }
    case 'none':
      return { retention_class, due_month: 'none' }
  }
}
