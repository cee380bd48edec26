// Looking for the payloads of equal bodies: those of one moment are asked for together (spec/sealing.md §4).

import { gather } from './gather.ts'
import type { EqualBody, LedgerStore } from './store.ts'

export type EqualLookup = (body_digest: string) => Promise<EqualBody | undefined>

export function createEqualLookup(store: LedgerStore, ledger: string): EqualLookup {
  const found = new Map<string, EqualBody | undefined>()
  const ask = gather<string, void>(async (digests) => {
    const bodies = await store.equalBodies(ledger, digests)
    for (const [i, digest] of digests.entries()) found.set(digest, bodies[i])
  })
  return async (digest) => {
    await ask([digest])
    // Others may have asked for the same: they read the answer before the turn ends.
    setImmediate(() => found.delete(digest))
    return found.get(digest)
  }
}
