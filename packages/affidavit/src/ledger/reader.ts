// Who reads, and what is recorded of it (spec/reading.md §1).

import type { AccessPolicy } from '../access/policy.ts'
import { mayDo } from '../access/policy.ts'
import type { Act } from '../access/roles.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'

/** Who reads. */
export interface Reader {
  readonly actor_id: string
  /** `user` where left out. */
  readonly actor_type?: Draft['actor_type']
  /** Why, where it is not asked for by name. */
  readonly purpose?: string
}

/** What was read, and by what: a record of it is durable before an answer is given. */
export interface Read {
  readonly action:
    | 'records_viewed'
    | 'content_revealed'
    | 'pseudonym_resolved'
    | 'records_exported'
    | 'integrity_verified'
  readonly operation: string
  readonly outcome?: Draft['outcome']
  readonly reason?: string
  readonly details?: { readonly [name: string]: unknown }
  /** The seqs of the records that are shown, ascending or descending. They are sealed: who was found is nobody else's to know. */
  readonly results?: readonly number[]
}

/** The content of a reading record that lists its results. */
export const RESULTS = 'results'

export function readDraft({ actor_id, actor_type = 'user', purpose }: Reader, read: Read): Draft {
  const { action, operation, outcome = 'success', reason, details = {}, results } = read
  return {
    action,
    outcome,
    actor_id,
    actor_type,
    data_classification: 'internal',
    ...(purpose === undefined ? {} : { purpose }),
    ...(reason === undefined ? {} : { outcome_reason: reason }),
    details: { operation, ...details, ...(results === undefined ? {} : { results: results.length }) },
    ...(results === undefined
      ? {}
      : { content: [{ name: RESULTS, media_type: 'application/json', body: JSON.stringify(rangesOf(results)) }] }),
  }
}

/** What somebody was refused: for a role (403), or because it is not there for them (404). */
export interface Denied {
  readonly operation: string
  readonly status: 403 | 404
  /** Of the credential that was not enough, where one is known. */
  readonly credential_id?: string
}

/** Of a refusal, for the record of it: neither where it was asked, nor what came with it. */
export function deniedDraft({ actor_id, actor_type = 'user', purpose }: Reader, denied: Denied): Draft {
  return {
    action: 'access_denied',
    outcome: 'denied',
    actor_id,
    actor_type,
    data_classification: 'internal',
    ...(purpose === undefined ? {} : { purpose }),
    details: { ...denied },
  }
}

/** From and to, both included, ascending. */
export type SeqRange = readonly [from: number, to: number]

function rangesOf(seqs: readonly number[]): readonly SeqRange[] {
  const ranges: [number, number][] = []
  for (const seq of [...seqs].sort((a, b) => a - b)) {
    const last = ranges.at(-1)
    if (last !== undefined && seq === last[1] + 1) last[1] = seq
    else ranges.push([seq, seq])
  }
  return ranges
}

/** Without a policy everybody may search, verify, export and ask how long records are kept; nobody may see content, names, or who has read. */
const WITHOUT_POLICY: ReadonlySet<Act> = new Set(['search', 'verify', 'export', 'plan-retention', 'operate'])

/** @throws LedgerError `not-allowed` */
export function expectAllowed(policy: AccessPolicy | undefined, { actor_id }: Reader, act: Act): void {
  const allowed = policy === undefined ? withoutPolicy(act) : mayDo(policy, actor_id, act)
  if (allowed.allowed) return
  throw new LedgerError('not-allowed', { problem: allowed.problem, cure: allowed.cure })
}

function withoutPolicy(act: Act): { allowed: true } | { allowed: false; problem: string; cure: string } {
  if (WITHOUT_POLICY.has(act)) return { allowed: true }
  return {
    allowed: false,
    problem: `no access policy says who may do this (${act})`,
    cure: 'write access.yaml into the folder of the ledger: {affidavit_access: 1, revision: TEXT, people: {YOU: {roles: [privacy_officer]}}}',
  }
}
