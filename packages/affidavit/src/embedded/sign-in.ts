// Who a bearer token is: what a server asks before anything else (spec/sign-in.md §4).

import { timingSafeEqual } from 'node:crypto'

import { type ApiKey, idInKey, isLiving } from '../access/api-key.ts'
import { ACTOR_TYPES, API_ROLES } from '../access/api-roles.ts'
import type { Principal } from '../access/principal.ts'
import { type Clock, formatTimestamp, systemClock } from '../clock/clock.ts'
import { sha256 } from '../crypto/sha256.ts'
import { watchApiKeys } from './api-keys.ts'

/** What somebody signs in to. */
export interface SignInPlace {
  /** The origin. */
  readonly ledger: string
  readonly home: string
  readonly clock?: Clock
}

export interface SignIn {
  /**
   * Who this is; `undefined` for whatever is no credential of this ledger, or none any more.
   * @throws LedgerError `key-unavailable` where nobody can tell
   */
  signIn(bearer: string): Promise<Principal | undefined>
  /** Whether anybody at all can sign in. @throws LedgerError `key-unavailable` */
  hasCredentials(): boolean
}

export function createSignIn({ ledger, home, clock = systemClock }: SignInPlace): SignIn {
  const keys = watchApiKeys(home)
  const now = (): string => formatTimestamp(clock.now())
  return {
    async signIn(bearer) {
      const id = idInKey(bearer)
      if (id === undefined) return undefined
      const key = keys().get(id)
      if (!isTheKey(bearer, key) || !isLiving(key, now())) return undefined
      return principalOf(ledger, key)
    },
    hasCredentials: () => [...keys().values()].some((key) => isLiving(key, now())),
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
