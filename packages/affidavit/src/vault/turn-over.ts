// Turning a keyring over: everything that stays is sealed anew under a new keyring key, what is to go is left out, and
// then the old key-encryption key is destroyed (spec/vault.md §5). A crash leaves the keyring as it was, or turned over.

import { LedgerError } from '../errors/ledger-error.ts'
import { type Current, type KeyringParts, type NextGeneration, newGeneration } from './generation.ts'
import type { GenerationKeys } from './keyring-rows.ts'
import type { KeyringRow, Superseded } from './keyring-store.ts'
import { beginTurn, type Leaving, rowsOfNext, wrapAnew } from './wrap-anew.ts'

export interface TurnedOver {
  /** The generation in force now. */
  readonly generation: number
  /** Of the key-encryption key: the one that is retired now, and the one in force. */
  readonly old_version: string
  readonly new_version: string
  /** Scope ids that are gone. */
  readonly scopes: readonly string[]
  /** Tokens whose personal ids are gone. */
  readonly tokens: readonly string[]
}

/** Rows that are looked at and sealed anew at a time. */
const PAGE = 500

/** Everything but the end of the old key-encryption keys. */
export async function turnOver(parts: KeyringParts, current: Current, leaving: Leaving): Promise<TurnedOver> {
  for (;;) {
    const turned = await attempt(parts, current, leaving)
    current.forget()
    if (turned !== 'superseded') return turned
  }
}

/** As `turnOver`, once, and from this generation alone: `superseded` where another one is in force, and nothing was done. */
export async function turnOverFrom(
  parts: KeyringParts,
  current: Current,
  leaving: Leaving,
  from: number,
): Promise<TurnedOver | Superseded> {
  current.forget()
  const turned = await attempt(parts, current, leaving, from)
  current.forget()
  return turned
}

async function attempt(
  parts: KeyringParts,
  current: Current,
  leaving: Leaving,
  from?: number,
): Promise<TurnedOver | Superseded> {
  const { store, wrapper } = parts
  const old = await current.keys()
  if (from !== undefined && old.generation !== from) return 'superseded'
  const before = await store.head()
  if (before === undefined || before.generation !== old.generation) return 'superseded'
  const next = await newGeneration(parts, old.generation + 1, [before.kek_version])
  const versions = { old_version: before.kek_version, new_version: next.head.kek_version }
  const gone: KeyringRow[] = []
  try {
    if (await replaceRows(parts, old, next, leaving, gone))
      return { generation: next.head.generation, ...versions, ...namesOf(gone) }
  } catch (error) {
    // What has not answered may do it yet.
    if (error instanceof LedgerError && error.code === 'key-unavailable') throw error
    // Whether it happened the head knows, once it is settled. Where nobody can say, our version is left alone: it may be in
    // force.
    await store.settle()
    if ((await store.head())?.kek_version === next.head.kek_version) {
      return { generation: next.head.generation, ...versions, ...namesOf(gone) }
    }
    await wrapper.destroy(next.head.kek_version)
    throw error
  }
  // Another process was quicker; our key was never in force.
  await wrapper.destroy(next.head.kek_version)
  return 'superseded'
}

/** Whether the next generation is in force; else another process has turned the keyring over. Lists what is gone. */
async function replaceRows(
  parts: KeyringParts,
  old: GenerationKeys,
  next: NextGeneration,
  leaving: Leaving,
  gone: KeyringRow[],
): Promise<boolean> {
  const { store, random } = parts
  const turn = await beginTurn(parts, old, next.keys, leaving)
  if (turn === 'superseded') return false
  // Nobody else has this number: 48 random bits.
  const stage = -1 - Buffer.from(random(6)).readUIntBE(0, 6)
  // 1. What lies under keys that are replaced is wrapped anew. What was so before opens by its row alone, and follows below.
  if (turn.successors.size > 0) {
    for await (const stored of leaving.stored()) {
      const wrapped = await wrapAnew(turn, stored)
      if (wrapped === 'superseded' || (await store.stage(old.generation, stage, wrapped)) === 'superseded') return false
    }
  }
  let upTo = 0
  for (;;) {
    // 2. What stays goes into the stage, sealed anew; nobody finds it there.
    const page = await store.page(old.generation, upTo, PAGE)
    if (page === 'superseded') return false
    const rows = page.map(({ row }) => row)
    const sealed = await rowsOfNext(turn, rows, (row) => gone.push(row))
    if (sealed === 'superseded' || (await store.stage(old.generation, stage, sealed)) === 'superseded') return false
    upTo = page.at(-1)?.no ?? upTo
    if (page.length > 0) continue
    // 3. Where every row was seen, the stage takes the place of everything; where not, the rest is seen first.
    const outcome = await store.turnOver({ from: old.generation, upTo, stage, head: next.head })
    if (outcome !== 'more') return outcome === 'turned over'
  }
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
  if ((await store.head())?.retired.length === 0) return standing
  // A head that a loss of power could take back would be left without its key.
  await store.settle()
  for (const version of (await store.head())?.retired ?? []) {
    if ((await wrapper.destroy(version)) === 'destroyed') await store.forget(version)
    else standing.push(version)
  }
  return standing
}
