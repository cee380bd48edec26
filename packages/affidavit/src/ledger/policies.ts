// The policies that a ledger is opened with are on record: whoever reads an old record finds what was in force
// (spec/sealing.md §4).

import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import type { Draft } from '../formats/fields.ts'
import { builtInSet, type PolicySet } from '../retention/policy-set.ts'
import { readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

/** A policy as it is in force. */
export interface PolicyInForce {
  readonly policy: 'registry' | 'access' | 'retention'
  readonly revision: string
  /** SHA-256 of its canonical JSON, lower-case hex. */
  readonly digest: string
  /** Holds where nobody wrote one, and is on record only in the place of one that somebody wrote. */
  readonly unwritten?: true
  /** Built-in policies that somebody decided to change: their ids, and the decisions, which name people. */
  readonly overridden?: { readonly ids: readonly string[]; readonly decisions: string }
}

/** What a ledger is opened with. */
export interface PoliciesGiven {
  readonly registry?: Named
  readonly access?: Named
  readonly retention?: PolicySet
}

type Named = Pick<PolicyInForce, 'revision' | 'digest'>

export function policiesInForce({ registry, access, retention }: PoliciesGiven): readonly PolicyInForce[] {
  return [
    ...(registry === undefined ? [] : [{ policy: 'registry', ...named(registry) } as const]),
    ...(access === undefined ? [] : [{ policy: 'access', ...named(access) } as const]),
    retentionInForce(retention),
  ]
}

function named({ revision, digest }: Named): Named {
  return { revision, digest }
}

/** The retention set: the built-in one where nobody wrote any. */
function retentionInForce(written: PolicySet | undefined): PolicyInForce {
  if (written === undefined) {
    const { revision, digest } = builtInSet()
    return { policy: 'retention', revision, digest, unwritten: true }
  }
  const { revision, digest, policies } = written
  const decisions = policies.flatMap(({ id, overridden }) => (overridden === undefined ? [] : [{ ...overridden, id }]))
  const said = { ids: decisions.map(({ id }) => id), decisions: canonicalJson(decisions, PLAIN_JSON) }
  return { policy: 'retention', revision, digest, ...(decisions.length === 0 ? {} : { overridden: said }) }
}

export interface PolicyParts {
  readonly store: LedgerStore
  readonly ledger: string
  record(draft: Draft): Promise<unknown>
  deriveId(...words: readonly string[]): string
}

/** Records each policy that is another one than the newest on record. Processes that open at once record it once. */
export async function recordPolicies(parts: PolicyParts, inForce: readonly PolicyInForce[]): Promise<void> {
  for (const { policy, revision, digest, unwritten, overridden } of inForce) {
    const newest = await newestOf(parts, policy)
    if (newest?.digest === digest || (newest === undefined && unwritten)) continue
    await parts.record({
      id: parts.deriveId('policy_changed', policy, digest, String(newest?.seq ?? 'first')),
      action: 'policy_changed',
      outcome: 'success',
      actor_id: 'affidavit',
      actor_type: 'system',
      data_classification: 'internal',
      details: {
        policy,
        revision,
        digest,
        ...(newest === undefined ? {} : { previous_digest: newest.digest }),
        ...(overridden === undefined ? {} : { overridden: overridden.ids }),
      },
      ...(overridden === undefined
        ? {}
        : { content: [{ name: 'overrides', media_type: 'application/json', body: overridden.decisions }] }),
    })
  }
}

/** Whether other retention policies than these are the newest on record: somebody opened the ledger with them since. */
export async function isOvertakenSet(parts: Pick<PolicyParts, 'store' | 'ledger'>, digest: string): Promise<boolean> {
  const newest = await newestOf(parts, 'retention')
  return newest !== undefined && newest.digest !== digest
}

async function newestOf(
  { store, ledger }: Pick<PolicyParts, 'store' | 'ledger'>,
  policy: PolicyInForce['policy'],
): Promise<{ readonly seq: number; readonly digest: unknown } | undefined> {
  for await (const entry of readPages(store, ledger, { action: 'policy_changed' }, { order: 'descending' })) {
    const { seq, details } = recordOf(entry)
    if (details?.policy === policy) return { seq, digest: details.digest }
  }
  return undefined
}
