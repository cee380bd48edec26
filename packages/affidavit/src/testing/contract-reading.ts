// How the contract suites look into a store: through its readers, and with JSON.parse and node:crypto alone.

import { createHash } from 'node:crypto'

import type { LedgerStore, StoredEntry } from '../ledger/store.ts'

export type WithStore = (work: (store: LedgerStore) => Promise<void>) => Promise<void>

export const LEDGER = 'contract.example/agents/0123456789abcdef'

/** Every entry of a ledger, in the order of seq. */
export async function allEntries(store: LedgerStore, ledger: string = LEDGER): Promise<readonly StoredEntry[]> {
  return store.entries(ledger, {}, { limit: 1_000_000, order: 'ascending' })
}

/** The members of an entry. */
export function membersOf({ entry }: StoredEntry): ReadonlyMap<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(entry).toString('utf8'))
  if (typeof value !== 'object' || value === null) throw new TypeError('an entry is an object')
  return new Map(Object.entries(value))
}

/** RFC 6962 §2.1: the hash of a leaf, lower-case hex. */
export function naiveLeafHash({ entry }: StoredEntry): string {
  return sha256(Uint8Array.of(0), entry).toString('hex')
}

/** RFC 6962 §2.1: MTH of the entries, by its recursive definition. */
export function naiveRoot(entries: readonly StoredEntry[]): Buffer {
  if (entries.length === 0) return sha256()
  const [only] = entries
  if (entries.length === 1 && only !== undefined) return sha256(Uint8Array.of(0), only.entry)
  let split = 1
  while (split * 2 < entries.length) split *= 2
  return sha256(Uint8Array.of(1), naiveRoot(entries.slice(0, split)), naiveRoot(entries.slice(split)))
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
