// Looking for the payloads of equal bodies: those of one moment are asked for together (spec/sealing.md §4).

import { gather } from './gather.ts'
import type { EqualBody, LedgerStore } from './store.ts'

export type EqualLookup = (body_digest: string) => Promise<EqualBody | undefined>

export function createEqualLookup(store: LedgerStore, ledger: string): EqualLookup {
  const ask = gather(async (digests: readonly string[]): Promise<ReadonlyMap<string, EqualBody | undefined>> => {
    const bodies = await store.equalBodies(ledger, digests)
    return new Map(digests.map((digest, i) => [digest, bodies[i]]))
  })
  return async (digest) => (await ask([digest])).get(digest)
}
