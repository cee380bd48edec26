// The policies that a ledger is opened with are on record: whoever reads an old record finds what was in force
// (spec/sealing.md §4).

import type { Draft } from '../formats/fields.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

/** A policy as it is in force. */
export interface PolicyInForce {
  readonly policy: 'registry' | 'access'
  readonly revision: string
  /** SHA-256 of its canonical JSON, lower-case hex. */
  readonly digest: string
}

export interface PolicyParts {
  readonly store: LedgerStore
  readonly ledger: string
  record(draft: Draft): Promise<unknown>
  deriveId(...words: readonly string[]): string
}

/** Records each policy that is another one than the newest on record. Processes that open at once record it once. */
export async function recordPolicies(parts: PolicyParts, inForce: readonly PolicyInForce[]): Promise<void> {
  for (const { policy, revision, digest } of inForce) {
    const newest = await newestOf(parts, policy)
    if (newest?.digest === digest) continue
    await parts.record({
      id: parts.deriveId('policy_changed', policy, digest, String(newest?.seq ?? 'first')),
      action: 'policy_changed',
      outcome: 'success',
      actor_id: 'affidavit',
      actor_type: 'system',
      data_classification: 'internal',
      details: { policy, revision, digest, ...(newest === undefined ? {} : { previous_digest: newest.digest }) },
    })
  }
}

async function newestOf(
  { store, ledger }: PolicyParts,
  policy: PolicyInForce['policy'],
): Promise<{ readonly seq: number; readonly digest: unknown } | undefined> {
  for await (const entry of readPages(store, ledger, { action: 'policy_changed' }, { order: 'descending' })) {
    const { seq, details } = recordOf(entry)
    if (details?.policy === policy) return { seq, digest: details.digest }
  }
  return undefined
}
