// How a ledger is: what it holds, what is published of it, and what it still takes.

import type { LedgerStore } from './store.ts'

export interface Health {
  /** Entries in the ledger. */
  readonly size: number
  /** Entries below the newest checkpoint. */
  readonly published: number
  /** Drafts that the queue still takes. */
  readonly room: number
  /** Why the last publication in the background failed; absent where it did not. */
  readonly publish_failure?: string
}

interface HealthParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly room: number
  readonly publishFailure: string | undefined
}

export async function healthOf({ store, ledger, room, publishFailure }: HealthParts): Promise<Health> {
  const size = (await store.head(ledger))?.size ?? 0
  const published = (await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER))?.size ?? 0
  return { size, published, room, ...(publishFailure === undefined ? {} : { publish_failure: publishFailure }) }
}
