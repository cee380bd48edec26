// The key of a server that nobody can sign in to yet (spec/sign-in.md §3): of an admin, and kept nowhere but here.

import { timingSafeEqual } from 'node:crypto'

import { actorOfKey, newKey } from '../access/api-key.ts'
import { ACTOR_TYPES, API_ROLES } from '../access/api-roles.ts'
import type { Principal } from '../access/principal.ts'
import { createRandomSource } from '../crypto/random.ts'
import { sha256 } from '../crypto/sha256.ts'
import { readApiKeys } from '../embedded/api-keys.ts'
import type { SignIn } from '../embedded/sign-in.ts'

export interface FirstKey {
  /** Shown once, and kept nowhere. */
  readonly key: string
  /** Of the ledger; and by this key too, until another key of an admin was made. */
  readonly signIn: SignIn
}

export function createFirstKey(ledger: string, home: string, signIn: SignIn): FirstKey {
  const { id, key } = newKey(createRandomSource())
  const known = sha256(key)
  const before = new Set(adminsOf(home))
  const principal: Principal = {
    ledger,
    actor_id: actorOfKey(id),
    actor_type: ACTOR_TYPES.admin,
    roles: API_ROLES.admin,
    credential_id: id,
  }
  return {
    key,
    signIn: {
      ...signIn,
      async signIn(bearer) {
        const found = await signIn.signIn(bearer)
        if (found !== undefined) return found
        return timingSafeEqual(sha256(bearer), known) && adminsOf(home).every((admin) => before.has(admin))
          ? principal
          : undefined
      },
    },
  }
}

/** The ids of keys of admins, also of those that open nothing any more. */
function adminsOf(home: string): readonly string[] {
  return readApiKeys(home).flatMap((key) => (key.role === 'admin' ? [key.id] : []))
}
