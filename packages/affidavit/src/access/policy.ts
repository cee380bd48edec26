// What an access policy says, read, and what follows from it: who may do what (spec/access.md §2, §3). Pure.

import type { VerifierKey } from '../formats/verifier-key.ts'
import type { OidcSettings } from './oidc.ts'
import { ACT_WORDS, ACTS, type Act, ROLE_NAMES, ROLES, type Role } from './roles.ts'

export interface AccessPolicy {
  /** What its author calls this state of it. */
  readonly revision: string
  /** SHA-256 of its RFC 8785 canonical JSON, lower-case hex: the same for YAML and JSON. */
  readonly digest: string
  readonly people: ReadonlyMap<string, Person>
  /** The roles of whoever is not among the people. */
  readonly everybody_else: readonly Role[]
  /** Whose tokens sign people in to a server. */
  readonly oidc?: OidcSettings
}

export interface Person {
  /** All there are: a named person has none of everybody else’s. */
  readonly roles: readonly Role[]
  /** What the person signs approvals with; an Ed25519 key of nobody else. */
  readonly approval_key: VerifierKey | undefined
}

export type Permission =
  /** By these of the person’s roles. */
  | { readonly allowed: true; readonly roles: readonly Role[] }
  /** Names nobody: it may stand in a log. */
  | { readonly allowed: false; readonly problem: string; readonly cure: string }

/** Whether `person`, named exactly as in the policy, may do this. */
export function mayDo(policy: AccessPolicy, person: string, act: Act): Permission {
  const held = rolesOf(policy, person)
  const roles = held.filter((role) => ROLES[role].includes(act))
  if (roles.length > 0) return { allowed: true, roles }
  const needed = ROLE_NAMES.filter((role) => ROLES[role].includes(act)).join(' or ')
  return {
    allowed: false,
    problem: `${ACT_WORDS[act]} needs the role ${needed}; by the access policy, whoever asks has ${held.length === 0 ? 'no role' : held.join(', ')}`,
    cure: `whoever keeps the access policy (revision ${policy.revision}) can give that role`,
  }
}

function rolesOf({ people, everybody_else }: AccessPolicy, person: string): readonly Role[] {
  return people.get(person)?.roles ?? everybody_else
}

/** All that roles allow, in the order of the table. */
export function actsOf(roles: readonly Role[]): readonly Act[] {
  return ACTS.filter((act) => roles.some((role) => ROLES[role].includes(act)))
}

/** The roles of whoever the issuer says it is; none where the policy gives them nothing. */
export function rolesFromOutside({ people, everybody_else, oidc }: AccessPolicy, name: string): readonly Role[] {
  return people.get(name)?.roles ?? (oidc?.everybody_else === true ? everybody_else : [])
}
