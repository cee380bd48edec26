// Who a bearer token is: what a server asks before anything else (spec/sign-in.md §4).

import { timingSafeEqual } from 'node:crypto'

import { type ApiKey, idInKey, isLiving } from '../access/api-key.ts'
import { ACTOR_TYPES, API_ROLES } from '../access/api-roles.ts'
import { type AccessPolicy, rolesFromOutside } from '../access/policy.ts'
import type { Principal } from '../access/principal.ts'
import { type Clock, formatTimestamp, systemClock } from '../clock/clock.ts'
import { sha256, sha256Hex } from '../crypto/sha256.ts'
import { readAccess } from './access.ts'
import { watchApiKeys } from './api-keys.ts'
import { createTokenCheck, type TokenHolder } from './oidc.ts'

/** What somebody signs in to. */
export interface SignInPlace {
  /** The origin. */
  readonly ledger: string
  readonly home: string
  /** That of the home where left out. */
  readonly access?: AccessPolicy
  readonly clock?: Clock
}

export interface SignIn {
  /**
   * Who this is; `undefined` for whatever is no credential of this ledger, or none any more.
   * @throws LedgerError `key-unavailable` where nobody can tell: the keys of the home or of the issuer cannot be had
   */
  signIn(bearer: string): Promise<Principal | undefined>
  /** Whether anybody at all can sign in. @throws LedgerError `key-unavailable` */
  hasCredentials(): boolean
}

/** @throws DocumentFault, LedgerError as readAccess does */
export function createSignIn({ ledger, home, access = readAccess(home), clock = systemClock }: SignInPlace): SignIn {
  const keys = watchApiKeys(home)
  const holderOf = access?.oidc === undefined ? undefined : createTokenCheck(access.oidc, clock)
  const now = (): string => formatTimestamp(clock.now())

  function byKey(bearer: string, id: string): Principal | undefined {
    const key = keys().get(id)
    return isTheKey(bearer, key) && isLiving(key, now()) ? principalOf(ledger, key) : undefined
  }

  async function byToken(bearer: string): Promise<Principal | undefined> {
    const holder = await holderOf?.(bearer)
    return holder === undefined || access === undefined ? undefined : principalFrom(ledger, access, holder)
  }

  return {
    async signIn(bearer) {
      const id = idInKey(bearer)
      return id === undefined ? byToken(bearer) : byKey(bearer, id)
    },
    hasCredentials: () => holderOf !== undefined || [...keys().values()].some((key) => isLiving(key, now())),
  }
}

/** Of no key: an id that nobody has takes as long as a secret that is wrong. */
const NOBODYS = '0'.repeat(64)

function isTheKey(bearer: string, key: ApiKey | undefined): key is ApiKey {
  const same = timingSafeEqual(sha256(bearer), Buffer.from(key?.sha256 ?? NOBODYS, 'hex'))
  return same && key !== undefined
}

function principalOf(ledger: string, { id, role, actor, scope, expires }: ApiKey): Principal {
  return {
    ledger,
    actor_id: actor,
    actor_type: ACTOR_TYPES[role],
    roles: API_ROLES[role],
    ...(scope === undefined ? {} : { scope }),
    credential_id: id,
    ...(expires === undefined ? {} : { expires: Date.parse(expires) }),
  }
}

/** Whoever has no role by the policy does not sign in. */
function principalFrom(ledger: string, access: AccessPolicy, { name, expires }: TokenHolder): Principal | undefined {
  const roles = rolesFromOutside(access, name)
  if (roles.length === 0) return undefined
  // Of the person, and not of the token: whoever goes on with a new one is the same.
  const credential_id = `oidc:${sha256Hex(`${access.oidc?.issuer}\n${name}`).slice(0, 16)}`
  return { ledger, actor_id: name, actor_type: 'user', roles, credential_id, expires }
}
