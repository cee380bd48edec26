// What becomes of each record of a ledger at an instant, by its policies, by what was recorded about it since, and by the holds that bind it
// (spec/retention.md §4, §5). What is known is read once; records pass by one after the other.

import { disposition } from '../retention/disposition.ts'
import { judging } from '../retention/judge-many.ts'
import { type PolicySet, policyNamed } from '../retention/policy-set.ts'
import type { Judging } from './judge-listed.ts'
import { readPages, recordOf } from './read.ts'
import { readAny } from './read-any.ts'
import { gatherRetentionKnowledge, type RetentionKnowledge } from './retention-knowledge.ts'
import type { LedgerStore } from './store.ts'

/** `store`: with what is archived; what was destroyed is left out. */
export function createJudging(store: LedgerStore, ledger: string, set: PolicySet): Judging {
  return {
    policy_set_sha256: set.digest,
    has: (policy) => policyNamed(set, policy) !== undefined,
    async *judge({ at, size, from_seq, until_seq }) {
      const knowledge = await readKnowledge(store, ledger, set, size)
      const judge = judging(set, at)
      for await (const entry of readPages(store, ledger, { from_seq, until_seq: Math.min(until_seq, size) })) {
        const record = recordOf(entry)
        const judged = knowledge.judged(record)
        const judgement = judge(judged, knowledge.anchors(record))
        const holds = knowledge.holds(record).map(({ id }) => id)
        yield {
          seq: record.seq,
          integrity_hash: record.integrity_hash,
          id: record.id,
          recorded_at: record.recorded_at,
          action: record.action,
          conversation_id: record.conversation_id,
          conversation_seq: record.conversation_seq,
          retention_class: judged.retention_class,
          policies: [...new Set(judgement.applied.map(({ policy }) => policy.id))].sort(),
          contents: record.content?.length ?? 0,
          disposition: disposition(judgement, 'record', holds, at),
        }
      }
    },
  }
}

/** What decides how long records are kept, as it was known below `size`. */
export function readKnowledge(
  store: LedgerStore,
  ledger: string,
  set: PolicySet,
  size: number,
): Promise<RetentionKnowledge> {
  return gatherRetentionKnowledge((...filters) => readAny(store, ledger, filters, size), set)
}
