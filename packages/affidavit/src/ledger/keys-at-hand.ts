// What of the keyring is at hand: tokens and scope keys that were asked for before, so that most drafts are prepared without
// waiting (spec/sealing.md §2).

import type { KeyObject } from 'node:crypto'

import { hkdfSha256 } from '../crypto/hkdf.ts'
import type { Keyring, ScopeKey } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { gather } from './gather.ts'

export interface KeysAtHand {
  /** A generation that was in force when the oldest of what is at hand was asked for, or before. */
  generation(): number
  token(personal: string): string | undefined
  scopeKey(scope: Scope): ScopeKey | undefined
  /** Has the keyring find these tokens and scope keys, or make them. They are durable, and mostly at hand, when it resolves. */
  fetch(wanted: Wanted): Promise<void>
  /** HKDF-SHA-256 of these keys in the order of their ids, derived once. */
  derived(keys: readonly ScopeKey[], info: string): KeyObject
  /** Lets go of everything that is at hand, and answers the generation in force. */
  renew(): Promise<number>
}

export interface Wanted {
  readonly personal: readonly string[]
  readonly scopes: readonly Scope[]
}

/** Beyond, everything is asked for anew: it only saves asking. */
const MAX_AT_HAND = 20_000

export async function createKeysAtHand(keyring: Keyring): Promise<KeysAtHand> {
  let generation = await keyring.generation()
  let epoch = 0
  const tokens = new Map<string, string>()
  const scopeKeys = new Map<string, ScopeKey>()
  const derived = new Map<string, KeyObject>()

  // What was asked for before somebody let go of everything may be of a generation that is gone: it is asked for again.
  async function askAndKeep<One, Found>(
    wanted: readonly One[],
    kept: Map<string, Found>,
    nameOf: (one: One) => string,
    ask: (wanted: readonly One[]) => Promise<readonly Found[]>,
  ): Promise<void> {
    const began = epoch
    const distinct = new Map(wanted.map((one) => [nameOf(one), one]))
    const found = await ask([...distinct.values()])
    if (began !== epoch) return
    if (kept.size + found.length > MAX_AT_HAND) kept.clear()
    for (const [i, name] of [...distinct.keys()].entries()) {
      const one = found[i]
      if (one !== undefined) kept.set(name, one)
    }
  }

  const fetchTokens = gather<string>((wanted) => askAndKeep(wanted, tokens, (personal) => personal, keyring.tokens))
  const fetchScopeKeys = gather<Scope>((wanted) => askAndKeep(wanted, scopeKeys, nameOfScope, keyring.scopeKeys))

  return {
    generation: () => generation,
    token: (personal) => tokens.get(personal),
    scopeKey: (scope) => scopeKeys.get(nameOfScope(scope)),
    async fetch({ personal, scopes }) {
      const asked: Promise<void>[] = []
      if (personal.length > 0) asked.push(fetchTokens(personal))
      if (scopes.length > 0) asked.push(fetchScopeKeys(scopes))
      await Promise.all(asked)
    },
    derived(keys, info) {
      const sorted = keys.length === 1 ? keys : [...keys].sort((a, b) => (a.id < b.id ? -1 : 1))
      const name = sorted.reduce((names, { id }) => `${names}\n${id}`, info)
      const known = derived.get(name)
      if (known !== undefined) return known
      if (derived.size >= MAX_AT_HAND) derived.clear()
      const key = hkdfSha256(
        sorted.map((one) => one.key),
        info,
      )
      derived.set(name, key)
      return key
    },
    async renew() {
      const inForce = await keyring.generation()
      epoch++
      tokens.clear()
      scopeKeys.clear()
      derived.clear()
      generation = inForce
      return inForce
    },
  }
}

function nameOfScope({ owner_kind, owner, retention_class, month }: Scope): string {
  return `${owner_kind}\n${owner}\n${retention_class}\n${month}`
}
