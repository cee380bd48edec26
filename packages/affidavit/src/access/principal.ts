// Who asks a server, once signed in (spec/sign-in.md §4). Pure.

import type { UnixMillis } from '../clock/clock.ts'
import type { Draft } from '../formats/fields.ts'
import type { AccessPolicy } from './policy.ts'
import { APPROVER_ROLES, type Role } from './roles.ts'
import type { Scope } from './scope.ts'

export interface Principal {
  /** The one that the credential is for; every other is not there. */
  readonly ledger: string
  /** The actor of every record about what is done. */
  readonly actor_id: string
  readonly actor_type: Draft['actor_type']
  /** All there are. */
  readonly roles: readonly Role[]
  /** What there is to be read, or written; everything where absent. */
  readonly scope?: Scope
  /** Of the credential, for logs and cursors: it opens nothing, and names nobody. */
  readonly credential_id: string
  /** From then on it is nobody's. */
  readonly expires?: UnixMillis
}

/**
 * The policy by which a principal is judged: this person has the roles of the credential, and whoever approves stays who the base
 * says. Nobody else has anything by it.
 */
export function policyFor(base: AccessPolicy | undefined, { actor_id, roles }: Principal): AccessPolicy {
  const named = base?.people.get(actor_id)
  // Only signatures are judged by these; no request has them.
  const approving = named?.roles.filter((role) => APPROVER_ROLES.includes(role)) ?? []
  const person = { roles: [...new Set([...roles, ...approving])], approval_key: named?.approval_key }
  const { revision, digest } = base ?? NO_POLICY
  return {
    revision,
    digest,
    people: new Map([...(base?.people ?? []), [actor_id, person]]),
    everybody_else: [],
  }
}

const NO_POLICY = { revision: 'none', digest: '' }
