// The generation of a keyring that is in force: its keyring key, unwrapped once and kept while it is in force.

import type { RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { KeyWrapper } from './key-wrapper.ts'
import { type GenerationKeys, generationKeys } from './keyring-rows.ts'
import type { KeyringHead, KeyringStore } from './keyring-store.ts'

/** What a keyring stands on. */
export interface KeyringParts {
  readonly store: KeyringStore
  readonly wrapper: KeyWrapper
  /** The NAME of the ledger, without its incarnation. */
  readonly name: string
  readonly random: RandomSource
  /** How long store and wrapper may take for an answer; half a minute where left out. */
  readonly patienceMillis?: number
}

export interface Current {
  /** The keys of the generation in force, as last looked up. */
  keys(): Promise<GenerationKeys>
  /** Has the next `keys` look again: another process has turned the keyring over. */
  forget(): void
}

/**
 * The generation in force; the first one is begun where the store is empty.
 * @throws LedgerError `key-destroyed` (an old copy of the keyring), `key-unavailable`, `wrong-key`, and what the store throws
 */
export async function openCurrent(parts: KeyringParts): Promise<Current> {
  if ((await parts.store.head()) === undefined) await begin(parts)
  let known: Promise<GenerationKeys> | undefined

  // The key may be destroyed between the two: then another generation is in force.
  async function look(): Promise<GenerationKeys> {
    const head = await parts.store.head()
    if (head === undefined) throw noHead(parts.name)
    try {
      return await unwrapHead(parts, head)
    } catch (error) {
      if ((await parts.store.head())?.generation !== head.generation) return look()
      throw error instanceof LedgerError && error.code === 'key-destroyed' ? olderCopy(parts.name, head, error) : error
    }
  }

  const current: Current = {
    keys() {
      known ??= look()
      // What failed is tried again when next asked.
      known.catch(() => {
        known = undefined
      })
      return known
    },
    forget() {
      known = undefined
    },
  }
  await current.keys()
  return current
}

export interface NextGeneration {
  readonly head: KeyringHead
  readonly keys: GenerationKeys
}

/** A new keyring key and its head, wrapped under a version of its own; nothing is in force yet. */
export async function newGeneration(
  { wrapper, name, random }: KeyringParts,
  generation: number,
  retired: readonly string[],
): Promise<NextGeneration> {
  const kek_version = await wrapper.create()
  const keyringKey = random(32)
  const wrapped_key = await wrapper.wrap(kek_version, keyringKey, contextOf(name, generation))
  const keys = generationKeys(name, generation, keyringKey)
  keyringKey.fill(0)
  return { head: { generation, kek_version, wrapped_key, retired }, keys }
}

async function begin(parts: KeyringParts): Promise<void> {
  const { head } = await newGeneration(parts, 1, [])
  const inForce = await parts.store.begin(head)
  // Another process was quicker: its keys are as good, and ours were never used.
  if (inForce.kek_version !== head.kek_version) await parts.wrapper.destroy(head.kek_version)
}

async function unwrapHead({ wrapper, name }: KeyringParts, head: KeyringHead): Promise<GenerationKeys> {
  const keyringKey = await wrapper.unwrap(head.kek_version, head.wrapped_key, contextOf(name, head.generation))
  const keys = generationKeys(name, head.generation, keyringKey)
  keyringKey.fill(0)
  return keys
}

function contextOf(name: string, generation: number): string {
  return `affidavit keyring key v1\n${name}\n${generation}`
}

function olderCopy(name: string, { generation }: KeyringHead, cause: LedgerError): LedgerError {
  return new LedgerError('key-destroyed', {
    problem: `the keyring of ${name} is of generation ${generation}, whose key is gone: ${cause.problem}`,
    cure: 'an older copy came back: bring back one that was made since. Nothing opens this one any more, and what was erased stays erased',
    cause,
  })
}

export function noHead(name: string): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `the keyring of ${name} has lost its head`,
    cure: 'bring the keyring back from its own backup',
  })
}
