// Judgements of many records at one instant: records that nothing tells apart are judged once.

import type { UnixMillis } from '../clock/clock.ts'
import { judge } from './judge.ts'
import type { JudgedRecord, Judgement, KnownAnchors } from './judgement.ts'
import type { PolicySet } from './policy-set.ts'

/** Judgements that are remembered at once. */
const REMEMBERED = 50_000

/** The same as `judge`, of the same set at the same instant. */
export function judging(set: PolicySet, at: UnixMillis): (record: JudgedRecord, anchors: KnownAnchors) => Judgement {
  const known = new Map<string, Judgement>()
  return (record, anchors) => {
    // What is known of one record alone is worth no remembering.
    if (anchors.size > 0) return judge(record, anchors, set, at)
    const key = keyOf(record, set)
    const before = known.get(key)
    if (before !== undefined) return before
    if (known.size >= REMEMBERED) known.clear()
    const judgement = judge(record, anchors, set, at)
    known.set(key, judgement)
    return judgement
  }
}

// Everything that a judgement rests on: of its times, the day that it counts as created on. Words have no space in them.
function keyOf(record: JudgedRecord, { calendar }: PolicySet): string {
  const { action, retention_class, compliance_domains, resource_type = '', has_content } = record
  const day = calendar.dayOf(Math.max(record.timestamp, record.recorded_at))
  return `${day} ${action} ${retention_class} ${resource_type} ${has_content} ${compliance_domains.join(' ')}`
}
