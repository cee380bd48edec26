// What the policies, late facts and holds say of the records of a ledger (spec/retention.md §4). Facts and holds are read once; records
// pass by one after the other.

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { anchorsIn } from '../links/anchors.ts'
import { type EffectiveClassification, effectiveClassification } from '../links/effective.ts'
import { holdsIn, type PlacedHold } from '../links/holds.ts'
import { judge } from '../retention/judge.ts'
import type { Judgement } from '../retention/judgement.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { readAllFacts } from './late-facts.ts'
import { readHoldRecords } from './read-holds.ts'
import type { LedgerStore } from './store.ts'

export interface RecordJudged {
  /** As what it counts. */
  readonly counts: EffectiveClassification
  readonly judgement: Judgement
  /** That bind it. */
  readonly holds: readonly PlacedHold[]
}

export interface JudgingBy {
  readonly store: LedgerStore
  /** Whose records are judged, by what is known below this size. */
  readonly ledger: string
  readonly size: number
  /** Whose holds bind them: this one's, or those of the incarnation that goes on from it, which has all that stand. */
  readonly holdsOf: string
  readonly set: PolicySet
  readonly at: UnixMillis
}

export interface RecordJudge {
  judge(record: AuditRecord): RecordJudged
  /** The holds that stand, whatever they bind. */
  readonly standing: readonly PlacedHold[]
}

export async function recordJudge({ store, ledger, size, holdsOf, set, at }: JudgingBy): Promise<RecordJudge> {
  const { facts } = await readAllFacts(store, ledger, size)
  const placed = await readHoldRecords(store, holdsOf, holdsOf === ledger ? size : Number.MAX_SAFE_INTEGER)
  const { holdsOn, standing } = holdsIn(placed, facts)
  const anchorsOf = anchorsIn(facts)
  const about = Map.groupBy(facts, (fact) => ('parent_id' in fact ? fact.parent_id : ''))
  function judgeOne(record: AuditRecord): RecordJudged {
    const counts = effectiveClassification(record, about.get(record.id) ?? [])
    const asked = {
      action: record.action,
      timestamp: instantOf(record.timestamp),
      recorded_at: instantOf(record.recorded_at),
      retention_class: counts.retention_class,
      compliance_domains: counts.compliance_domains,
      resource_type: record.resource_type,
      has_content: (record.content ?? []).length > 0,
    }
    const anchors = new Map(anchorsOf(record).map(({ anchor, day }) => [anchor, day] as const))
    return { counts, judgement: judge(asked, anchors, set, at), holds: holdsOn(record) }
  }

  return { judge: judgeOne, standing }
}

function instantOf(text: string): UnixMillis {
  return parseTimestamp(text) ?? unreachable('a time of a record')
}
