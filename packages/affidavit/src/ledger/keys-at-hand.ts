// What of the keyring is at hand: tokens and scope keys that were asked for before, so that most drafts are prepared without
// waiting (spec/sealing.md §2).

import type { KeyObject } from 'node:crypto'

import { hkdfSha256 } from '../crypto/hkdf.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Keyring, ScopeKey } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { gather } from './gather.ts'
import { scopeName } from './scopes.ts'

export interface KeysAtHand {
  /** A generation that was in force when the oldest of what is at hand was asked for, or before. */
  generation(): number
  token(personal: string): string | undefined
  scopeKey(scope: Scope): ScopeKey | undefined
  /**
   * Has the keyring find these tokens and scope keys, or make them. They are durable, and mostly at hand, when it resolves.
   * @throws LedgerError `store-corrupt` where the row of one of these is damaged, whatever others asked for at the same moment;
   *   `missing-key` where the keyring is gone: then nothing is at hand any more; and what else the keyring throws
   */
  fetch(wanted: Wanted): Promise<void>
  /** HKDF-SHA-256 of these keys in the order of their ids; derived once while all of them are at hand. */
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

/** What could not be told of those that were asked for, by their names. */
type Failures = ReadonlyMap<string, LedgerError>

export async function createKeysAtHand(keyring: Keyring): Promise<KeysAtHand> {
  let generation = await keyring.generation()
  let epoch = 0
  const tokens = new Map<string, string>()
  const scopeKeys = new Map<string, ScopeKey>()
  const derived = new Map<string, KeyObject>()
  /** Keys that came since everything was let go of: what is derived from others is not kept. */
  let current = new WeakSet<ScopeKey>()

  function letGo(): void {
    epoch++
    tokens.clear()
    scopeKeys.clear()
    derived.clear()
    current = new WeakSet()
  }

  // What was asked for before somebody let go of everything may be of a generation that is gone: it is asked for again.
  async function askAndKeep<One, Found>(
    wanted: readonly One[],
    kept: Map<string, Found>,
    nameOf: (one: One) => string,
    ask: (wanted: readonly One[]) => Promise<readonly Found[]>,
  ): Promise<Failures> {
    const began = epoch
    const distinct = new Map(wanted.map((one) => [nameOf(one), one]))
    const answers = await askApart([...distinct.values()], ask).catch(orGone)
    if (began === epoch && kept.size + answers.length > MAX_AT_HAND) kept.clear()
    const failures = new Map<string, LedgerError>()
    for (const [i, name] of [...distinct.keys()].entries()) {
      const one = answers[i]
      if (one instanceof LedgerError) failures.set(name, one)
      else if (one !== undefined && began === epoch) kept.set(name, one)
    }
    return failures
  }

  // Rows of a keyring that is gone may be in no other: nothing more is sealed under their keys.
  function orGone(error: unknown): never {
    if (error instanceof LedgerError && error.code === 'missing-key') letGo()
    throw error
  }

  const fetchTokens = gather((wanted: readonly string[]) => askAndKeep(wanted, tokens, nameOfPerson, keyring.tokens))
  const fetchScopeKeys = gather(async (wanted: readonly Scope[]) => {
    const failures = await askAndKeep(wanted, scopeKeys, scopeName, keyring.scopeKeys)
    for (const scope of wanted) {
      const key = scopeKeys.get(scopeName(scope))
      if (key !== undefined) current.add(key)
    }
    return failures
  })

  return {
    generation: () => generation,
    token: (personal) => tokens.get(personal),
    scopeKey: (scope) => scopeKeys.get(scopeName(scope)),
    async fetch({ personal, scopes }) {
      const asked: Promise<void>[] = []
      if (personal.length > 0) asked.push(fetchTokens(personal).then(refuseFailed(personal, nameOfPerson)))
      if (scopes.length > 0) asked.push(fetchScopeKeys(scopes).then(refuseFailed(scopes, scopeName)))
      await Promise.all(asked)
    },
    derived(keys, info) {
      const sorted = keys.length === 1 ? keys : [...keys].sort((a, b) => (a.id < b.id ? -1 : 1))
      const name = sorted.reduce((names, { id }) => `${names}\n${id}`, info)
      const known = derived.get(name)
      if (known !== undefined) return known
      const key = hkdfSha256(
        sorted.map((one) => one.key),
        info,
      )
      if (!keys.every((one) => current.has(one))) return key
      if (derived.size >= MAX_AT_HAND) derived.clear()
      derived.set(name, key)
      return key
    },
    async renew() {
      const inForce = await keyring.generation()
      letGo()
      generation = inForce
      return inForce
    },
  }
}

/**
 * Asks for all together; where a row among theirs is damaged, for each half, so that it fails whoever needs it and nobody else.
 */
async function askApart<One, Found>(
  wanted: readonly One[],
  ask: (wanted: readonly One[]) => Promise<readonly Found[]>,
): Promise<readonly (Found | LedgerError)[]> {
  const answer = await ask(wanted).catch(unlessDamaged)
  if (!(answer instanceof LedgerError)) return answer
  if (wanted.length === 1) return [answer]
  const half = Math.ceil(wanted.length / 2)
  return [...(await askApart(wanted.slice(0, half), ask)), ...(await askApart(wanted.slice(half), ask))]
}

function unlessDamaged(error: unknown): LedgerError {
  if (error instanceof LedgerError && error.code === 'store-corrupt') return error
  throw error
}

/** Throws the first failure that is of one of these. */
function refuseFailed<One>(wanted: readonly One[], nameOf: (one: One) => string): (failures: Failures) => void {
  return (failures) => {
    for (const one of wanted) {
      const failure = failures.get(nameOf(one))
      if (failure !== undefined) throw failure
    }
  }
}

function nameOfPerson(personal: string): string {
  return personal
}
