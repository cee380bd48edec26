// Turning a keyring over: everything that stays is sealed anew under a new keyring key, what is to go is left out, and the
// old key-encryption key is destroyed (spec/vault.md §5). A crash leaves the keyring as it was, or turned over.

import type { Current, KeyringParts } from './generation.ts'
import { newGeneration } from './generation.ts'
import { type GenerationKeys, openRow, ownerLookup, type Scope, sealIdentity, sealScope } from './keyring-rows.ts'
import type { KeyringRow } from './keyring-store.ts'

export interface TurnedOver {
  /** The generation in force now. */
  readonly generation: number
  /** Scope ids that are gone. */
  readonly scopes: readonly string[]
  /** Tokens whose personal ids are gone. */
  readonly tokens: readonly string[]
  /** Versions of key-encryption keys that are not destroyed yet: copies of before open as long as they stand. */
  readonly standing: readonly string[]
}

type Owner = Pick<Scope, 'owner_kind' | 'owner'>

/** Rows that are looked at and sealed anew at a time. */
const PAGE = 500

/** Everything but the end of the old key-encryption keys. */
export async function turnOver(
  parts: KeyringParts,
  current: Current,
  without: readonly Owner[],
): Promise<Omit<TurnedOver, 'standing'>> {
  for (;;) {
    const turned = await attempt(parts, current, without)
    current.forget()
    if (turned !== 'superseded') return turned
  }
}

async function attempt(
  parts: KeyringParts,
  current: Current,
  without: readonly Owner[],
): Promise<Omit<TurnedOver, 'standing'> | 'superseded'> {
  const { store, wrapper, random } = parts
  const old = await current.keys()
  const before = await store.head()
  if (before === undefined || before.generation !== old.generation) return 'superseded'
  const next = await newGeneration(parts, old.generation + 1, [before.kek_version])
  const leaving = new Set(without.map(({ owner_kind, owner }) => ownerLookup(old, owner_kind, owner)))
  const gone: KeyringRow[] = []
  // Nobody else has this number: 48 random bits.
  const stage = -1 - Buffer.from(random(6)).readUIntBE(0, 6)
  let upTo = 0
  for (;;) {
    // 1. What stays goes into the stage, sealed anew; nobody finds it there.
    const page = await store.page(old.generation, upTo, PAGE)
    if (page === 'superseded') break
    const leaves = page.filter(({ row }) => leaving.has(row.owner))
    gone.push(...leaves.map(({ row }) => row))
    const stays = page.filter(({ row }) => !leaving.has(row.owner))
    await store.stage(
      stage,
      stays.map(({ row }) => sealAnew(parts, old, next.keys, row)),
    )
    upTo = page.at(-1)?.no ?? upTo
    if (page.length > 0) continue
    // 2. Where every row was seen, the stage takes the place of everything; where not, the rest is seen first.
    const outcome = await store.turnOver({ from: old.generation, upTo, stage, head: next.head })
    if (outcome === 'superseded') break
    if (outcome === 'turned over') return { generation: next.head.generation, ...namesOf(gone) }
  }
  // 3. Another process was quicker. What was staged went with its turn-over; our key was never in force.
  await wrapper.destroy(next.head.kek_version)
  return 'superseded'
}

function sealAnew({ random }: KeyringParts, old: GenerationKeys, next: GenerationKeys, row: KeyringRow): KeyringRow {
  const opened = openRow(old, row)
  return opened.kind === 'scope' ? sealScope(next, opened, random) : sealIdentity(next, opened, random)
}

function namesOf(rows: readonly KeyringRow[]): { scopes: string[]; tokens: string[] } {
  const of = (kind: KeyringRow['kind']): string[] =>
    rows
      .filter((row) => row.kind === kind)
      .map(({ key }) => key)
      .sort()
  return { scopes: of('scope'), tokens: of('identity') }
}

/** Destroys the key-encryption keys of earlier generations; answers those that still stand. */
export async function destroyRetired({ store, wrapper }: KeyringParts): Promise<readonly string[]> {
  const standing: string[] = []
  for (const version of (await store.head())?.retired ?? []) {
    if ((await wrapper.destroy(version)) === 'destroyed') await store.forget(version)
    else standing.push(version)
  }
  return standing
}
