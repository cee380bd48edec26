// What becomes of each record of a ledger at an instant (spec/retention.md §4, §5), by its policies, by what was recorded about it since, and
// by the holds that bind it. Late facts and holds are read once; records pass by one after the other.

import type { UnixMillis } from '../clock/clock.ts'
import { parseTimestamp } from '../clock/clock.ts'
import { unreachable } from '../errors/ledger-error.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { anchorsIn } from '../links/anchors.ts'
import { effectiveClassification } from '../links/effective.ts'
import { disposition } from '../retention/disposition.ts'
import { judge } from '../retention/judge.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import type { JudgedEntry, Judging } from './judge-listed.ts'
import { readAllFacts } from './late-facts.ts'
import { readPages, recordOf } from './read.ts'
import { readHolds } from './read-holds.ts'
import type { LedgerStore } from './store.ts'

export function createJudging(store: LedgerStore, ledger: string, set: PolicySet): Judging {
  return {
    policy_set_sha256: set.digest,
    async *judge({ at, size, from_seq, until_seq }) {
      const judgeRecord = await judgeBy(store, ledger, set, at, size)
      for await (const entry of readPages(store, ledger, { from_seq, until_seq: Math.min(until_seq, size) })) {
        yield judgeRecord(recordOf(entry))
      }
    },
  }
}

async function judgeBy(
  store: LedgerStore,
  ledger: string,
  set: PolicySet,
  at: UnixMillis,
  size: number,
): Promise<(record: AuditRecord) => JudgedEntry> {
  const { facts } = await readAllFacts(store, ledger, size)
  const holds = await readHolds(store, ledger, size)
  const anchorsOf = anchorsIn(facts)
  const about = Map.groupBy(facts, (fact) => ('parent_id' in fact ? fact.parent_id : undefined))
  return (record) => {
    const counts = effectiveClassification(record, about.get(record.id) ?? [])
    const anchors = new Map(anchorsOf(record).map(({ anchor, day }) => [anchor, day] as const))
    const asked = {
      action: record.action,
      timestamp: instantOf(record.timestamp),
      recorded_at: instantOf(record.recorded_at),
      retention_class: counts.retention_class,
      compliance_domains: counts.compliance_domains,
      resource_type: record.resource_type,
      has_content: (record.content ?? []).length > 0,
    }
    const judgement = judge(asked, anchors, set, at)
    const binding = holds.holdsOn(record).map(({ id }) => id)
    return {
      seq: record.seq,
      integrity_hash: record.integrity_hash,
      action: record.action,
      conversation_id: record.conversation_id,
      conversation_seq: record.conversation_seq,
      retention_class: counts.retention_class,
      policies: [...new Set(judgement.applied.map(({ policy }) => policy.id))].sort(),
      contents: record.content?.length ?? 0,
      disposition: disposition(judgement, 'record', binding, at),
    }
  }
}

function instantOf(text: string): UnixMillis {
  return parseTimestamp(text) ?? unreachable('a time of a record')
}
