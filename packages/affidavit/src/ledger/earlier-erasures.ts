// Erasures that were decided in earlier incarnations (spec/erasure.md §6): the keyring outlives them, and a copy of it that is
// older than such a decision has its rows again.

import { type DecidedErasure, readErasures } from './erasure-records.ts'
import { incarnationsOf } from './leave-linked.ts'
import type { LedgerStore } from './store.ts'

export interface EarlierErasures {
  readonly origin: string
  readonly erasures: readonly DecidedErasure[]
}

/** Those that a keyring of this generation is behind, by incarnation. */
export type EarlierBehind = (generation: number) => Promise<readonly EarlierErasures[]>

/** Earlier incarnations are over: what was decided in them is read once. */
export function createEarlierBehind(store: LedgerStore, ledger: string): EarlierBehind {
  let all: readonly EarlierErasures[] | undefined
  return async (generation) => {
    all ??= await readEarlier(store, ledger)
    return all.flatMap(({ origin, erasures }) => {
      const behind = erasures.filter(({ decision }) => generation < decision.keyring_generation)
      return behind.length === 0 ? [] : [{ origin, erasures: behind }]
    })
  }
}

async function readEarlier(store: LedgerStore, ledger: string): Promise<readonly EarlierErasures[]> {
  const found: EarlierErasures[] = []
  for (const origin of await incarnationsOf(store, ledger)) {
    if (origin !== ledger) found.push({ origin, erasures: await readErasures(store, origin) })
  }
  return found
}
