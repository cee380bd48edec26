// When records fall due, for the archive (spec/archive.md §1): the policies' judgement of a record as late facts leave it. Of most records it
// follows from few words and two days, and is remembered by these.

import { parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { readAllFacts } from '../ledger/late-facts.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { anchorsIn } from '../links/anchors.ts'
import { effectiveClassification } from '../links/effective.ts'
import type { Placed } from '../links/facts.ts'
import { laterBound } from '../retention/bounds.ts'
import { judge } from '../retention/judge.ts'
import type { Bound, JudgedRecord, Judgement } from '../retention/judgement.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { Due } from './archiving.ts'

export interface DueOptions {
  readonly set: PolicySet
  readonly at: UnixMillis
  /** Records that this policy applies to, and no others. */
  readonly policy?: string
}

export type DueOf = (record: AuditRecord) => Due | undefined

/** Reads the late facts of a ledger once, and judges by them. */
export async function readDue(store: LedgerStore, ledger: string, options: DueOptions): Promise<DueOf> {
  const judgementOf = await readJudgements(store, ledger, options)
  return (record) => {
    const { judged, judgement, month } = judgementOf(record)
    if (options.policy !== undefined && judgement.applied.every(({ policy }) => policy.id !== options.policy))
      return undefined
    return dueBy(judged.retention_class, minimumOf(judgement), month)
  }
}

/** When all of a record, content included, may be destroyed at the earliest. */
export function minimumOf({ spans }: Judgement): Bound {
  return laterBound(spans.envelope.minimum, spans.content.minimum)
}

export interface Judged {
  readonly judged: JudgedRecord
  readonly judgement: Judgement
  /** The month in which the day ends that ends at an instant. */
  month(until: UnixMillis): string
}

export type JudgementOf = (record: AuditRecord) => Judged

export async function readJudgements(
  store: LedgerStore,
  ledger: string,
  { set, at }: Pick<DueOptions, 'set' | 'at'>,
): Promise<JudgementOf> {
  const { facts } = await readAllFacts(store, ledger, Number.MAX_SAFE_INTEGER)
  const anchors = anchorsIn(facts)
  const reclassified = Map.groupBy(
    facts.filter((fact) => fact.action === 'record_reclassified'),
    ({ parent_id }) => parent_id,
  )
  const known = new Map<string, Judgement>()
  const month = (until: UnixMillis): string => set.calendar.dayOf(until - 1).slice(0, 7)
  return (record) => {
    const judged = judgedRecord(record, reclassified.get(record.id) ?? [])
    const found = facts.length === 0 ? [] : anchors(record)
    if (found.length > 0)
      return {
        judged,
        judgement: judge(judged, new Map(found.map(({ anchor, day }) => [anchor, day])), set, at),
        month,
      }
    const days = `${set.calendar.dayOf(judged.timestamp)} ${set.calendar.dayOf(judged.recorded_at)}`
    const words = [judged.action, judged.retention_class, judged.resource_type, judged.has_content, days]
    const name = [...words, ...judged.compliance_domains].join('\n')
    const remembered = known.get(name)
    if (remembered !== undefined) return { judged, judgement: remembered, month }
    if (known.size >= REMEMBERED) known.clear()
    const judgement = judge(judged, new Map(), set, at)
    known.set(name, judgement)
    return { judged, judgement, month }
  }
}

const REMEMBERED = 20_000

function judgedRecord(record: AuditRecord, reclassified: readonly Placed[]): JudgedRecord {
  const { compliance_domains, retention_class } = effectiveClassification(record, reclassified)
  return {
    action: record.action,
    timestamp: parseTimestamp(record.timestamp) ?? unreachable('an entry has its time'),
    recorded_at: parseTimestamp(record.recorded_at) ?? unreachable('an entry has its time'),
    retention_class,
    compliance_domains,
    resource_type: record.resource_type,
    has_content: (record.content ?? []).length > 0,
  }
}

function dueBy(retention_class: string, minimum: Bound, month: (until: UnixMillis) => string): Due {
  switch (minimum.state) {
    case 'until':
      return { retention_class, due_month: month(minimum.until), min_until: minimum.until }
    case 'waits':
      return {
        retention_class,
        due_month: 'open',
        ...(minimum.at_least === undefined ? {} : { min_until: minimum.at_least }),
      }
    case 'none':
      return { retention_class, due_month: 'none' }
  }
}
