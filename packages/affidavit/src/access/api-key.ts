// API keys: what one looks like, and what is kept of it (spec/sign-in.md §1). Pure: randomness is an argument.

import { sha256Hex } from '../crypto/sha256.ts'
import type { ApiRole } from './api-roles.ts'
import type { Scope } from './scope.ts'

/** What is kept of a key: enough to know it again, and not to make it. */
export interface ApiKey {
  readonly id: string
  /** SHA-256 of the whole key, lower-case hex. */
  readonly sha256: string
  readonly role: ApiRole
  /** The actor of every record about what is done with it. */
  readonly actor: string
  /** All the records that there are for it; every record where absent. */
  readonly scope?: Scope
  readonly created: string
  readonly expires?: string
  readonly revoked?: string
}

/** How a key looks: 12 letters and digits that name it, and 32 secret bytes. */
const KEY = /^affidavit_([0-9A-Za-z]{12})_[0-9A-Za-z_-]{43}$/
const ID = /^[0-9A-Za-z]{12}$/
const ID_CHARACTERS = 12
const SECRET_BYTES = 32
const LETTERS_AND_DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The greatest multiple of 62 that a byte can be below: each letter is as likely as any other. */
const FAIR = 248

export interface NewKey {
  readonly id: string
  /** Shown once, and kept nowhere. */
  readonly key: string
  readonly sha256: string
}

export function newKey(random: (bytes: number) => Uint8Array): NewKey {
  let id = ''
  while (id.length < ID_CHARACTERS) {
    for (const byte of random(1)) if (byte < FAIR) id += LETTERS_AND_DIGITS[byte % LETTERS_AND_DIGITS.length]
  }
  const key = `affidavit_${id}_${Buffer.from(random(SECRET_BYTES)).toString('base64url')}`
  return { id, key, sha256: sha256Hex(key) }
}

export function isKeyId(text: string): boolean {
  return ID.test(text)
}

/** The id in what looks like an API key; whether it is one is for the hash to say. */
export function idInKey(bearer: string): string | undefined {
  return KEY.exec(bearer)?.[1]
}

/** Who a key is where nobody is named. No person signs in under such a name. */
export function actorOfKey(id: string): string {
  return `key:${id}`
}

export function isLiving({ expires, revoked }: Pick<ApiKey, 'expires' | 'revoked'>, now: string): boolean {
  return revoked === undefined && (expires === undefined || now < expires)
}
