// An archive in memory, for tests of whatever reads through one: it holds what was put there, and may lie about it.

import { LedgerError } from '../errors/ledger-error.ts'
import type { ArchivedPlace, ArchiveReader } from '../ledger/archive-reader.ts'
import type { StoredEntry } from '../ledger/store.ts'

export interface MemoryArchive extends ArchiveReader {
  /** Puts an entry into a block, with chunks of what it names. */
  put(place: ArchivedPlace, entry: StoredEntry['entry'], payloads?: ReadonlyMap<string, readonly Uint8Array[]>): void
  /** Gives other bytes in their place from now on. */
  alter(seq: number, entry: Uint8Array): void
  /** Cannot be reached from now on. */
  cut(): void
  /** How often it was asked. */
  asked(): number
}

export function memoryArchive(): MemoryArchive {
  const entries = new Map<string, Uint8Array>()
  const chunks = new Map<string, readonly Uint8Array[]>()
  let state: 'at hand' | 'away' = 'at hand'
  let asked = 0

  function look(): void {
    asked++
    if (state === 'away')
      throw new LedgerError('archive-unavailable', { problem: 'the archive is away', cure: 'none: this is a test' })
  }

  function found<Kept>(kept: Kept | undefined, where: string): Kept {
    if (kept !== undefined) return kept
    throw new LedgerError('archive-altered', { problem: `the archive has nothing at ${where}`, cure: 'none: a test' })
  }

  return {
    async entries(places) {
      look()
      return places.map((place) => found(entries.get(keyOf(place)), keyOf(place)))
    },
    async *chunks(place, blob_id) {
      look()
      yield* found(chunks.get(`${place.segment} ${blob_id}`), blob_id)
    },
    put(place, entry, payloads = new Map()) {
      entries.set(keyOf(place), entry)
      for (const [blob_id, some] of payloads) chunks.set(`${place.segment} ${blob_id}`, some)
    },
    alter(seq, entry) {
      for (const key of entries.keys()) if (key.endsWith(` ${seq}`)) entries.set(key, entry)
    },
    cut() {
      state = 'away'
    },
    asked: () => asked,
  }
}

function keyOf({ segment, block, seq }: ArchivedPlace): string {
  return `${segment} ${block} ${seq}`
}
