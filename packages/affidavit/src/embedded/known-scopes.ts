// Scope keys for opening many payloads: asked of the keyring in portions, and remembered as long as there is room.

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import type { ScopeKeys } from '../vault/content-key.ts'
import type { Keyring } from '../vault/keyring.ts'

export interface KnownScopes {
  /** The keys that are there, of the scopes that were learnt last, and others. */
  readonly keys: ScopeKeys
  /**
   * Asks for the keys of these scopes.
   * @throws LedgerError where the keyring cannot be read; a single key that is damaged is as one that is missing
   */
  learn(scope_ids: readonly string[]): Promise<void>
  /** Why scopes have no key, in words. */
  whyMissing(scope_ids: readonly string[]): string
}

/** Scopes that are asked for at once, and those that are remembered between two times. */
const PORTION = 500
const REMEMBERED = 10_000

export function createKnownScopes({ scopeKeysById }: Pick<Keyring, 'scopeKeysById'>): KnownScopes {
  const keys = new Map<string, KeyObject>()
  const missing = new Map<string, 'not there' | 'damaged'>()

  async function ask(scope_ids: readonly string[]): Promise<void> {
    const found = await scopeKeysById(scope_ids).catch(unlessDamaged)
    if (found === 'damaged' && scope_ids.length > 1) {
      for (const id of scope_ids) await ask([id])
      return
    }
    for (const id of scope_ids) {
      const key = found === 'damaged' ? undefined : found.get(id)
      if (key === undefined) missing.set(id, found === 'damaged' ? 'damaged' : 'not there')
      else keys.set(id, key)
    }
  }

  return {
    keys,
    async learn(scope_ids) {
      if (keys.size + missing.size > REMEMBERED) {
        keys.clear()
        missing.clear()
      }
      const unknown = [...new Set(scope_ids)].filter((id) => !keys.has(id) && !missing.has(id))
      for (let from = 0; from < unknown.length; from += PORTION) await ask(unknown.slice(from, from + PORTION))
    },
    whyMissing(scope_ids) {
      return scope_ids.some((id) => missing.get(id) === 'damaged')
        ? 'its key in the keyring is damaged'
        : 'its key is not in this keyring (erased, or another keyring)'
    },
  }
}

// A row that is not what was sealed: the others may be.
export function unlessDamaged(error: unknown): 'damaged' {
  if (error instanceof LedgerError && error.code === 'store-corrupt') return 'damaged'
  throw error
}
