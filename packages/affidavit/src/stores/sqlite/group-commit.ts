// Group commit (spec/sequencing.md §3): batches that are handed in while a transaction is being written join it, in the order
// of their coming, so that many callers share one sync of the disk.

import type { Batch, Placed } from '../../ledger/store.ts'

/** Drafts of one transaction, from which on no batch joins: enough to make the sync cheap, few enough for other writers. */
const ENOUGH = 512
/** Sealed bytes of one transaction, likewise: content takes longer to seal than to write, and both go on at a time. */
const ENOUGH_BYTES = 131_072

/** Batches of one transaction. */
export interface Group {
  /** How long the first of them may wait for other writers. */
  readonly patienceMillis: number
  /**
   * Calls `write` for each batch, and for those that come meanwhile. Called again after an unknown outcome, it begins with
   * the same ones.
   */
  map<T>(write: (batch: Batch, i: number) => T): T[]
}

export interface Groups {
  /** Resolves, or fails, with the group that the batch becomes part of. */
  add(batch: Batch): Promise<readonly Placed[]>
  /** Lets `commit` settle the next group; does nothing where every batch was part of an earlier one. Never rejects. */
  settleNext(commit: (group: Group) => Promise<readonly (readonly Placed[])[]>): Promise<void>
}

interface Waiting {
  readonly batch: Batch
  /** Sealed bytes that it brings. */
  readonly bytes: number
  resolve(placed: readonly Placed[]): void
  reject(error: unknown): void
}

/**
 * Takes in the calls that have come while this thread was busy; where there are none, waits a moment for one that was
 * announced, or that the last answers may bring.
 */
export type Listen = (next: 'announced' | 'unannounced') => void

export function createGroups(listen: Listen): Groups {
  const waiting: Waiting[] = []

  function join(group: Waiting[]): Waiting | undefined {
    if (isEnough(group)) return undefined
    if (waiting.length === 0) listen(group.at(-1)?.batch.followedBy === 'another' ? 'announced' : 'unannounced')
    // What makes a batch of one ledger fail is nothing to another's.
    if (waiting[0]?.batch.ledger !== group[0]?.batch.ledger) return undefined
    const next = waiting.shift()
    if (next !== undefined) group.push(next)
    return next
  }

  return {
    add: (batch) =>
      new Promise((resolve, reject) => waiting.push({ batch, bytes: sealedBytes(batch), resolve, reject })),
    async settleNext(commit) {
      const first = waiting.shift()
      if (first === undefined) return
      const group = [first]
      try {
        const placed = await commit({
          patienceMillis: first.batch.patienceMillis,
          map(write) {
            const written = []
            for (
              let next: Waiting | undefined = first;
              next !== undefined;
              next = group[written.length] ?? join(group)
            ) {
              written.push(write(next.batch, written.length))
            }
            return written
          },
        })
        for (const [i, { resolve }] of group.entries()) resolve(placed[i] ?? [])
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    },
  }
}

function isEnough(group: readonly Waiting[]): boolean {
  const drafts = group.reduce((sum, { batch }) => sum + batch.drafts.length, 0)
  return drafts >= ENOUGH || group.reduce((sum, { bytes }) => sum + bytes, 0) >= ENOUGH_BYTES
}

function sealedBytes({ drafts }: Batch): number {
  const payloads = drafts.flatMap((draft) => draft.payloads ?? [])
  return payloads.reduce((sum, payload) => sum + (payload.state === 'sealed' ? payload.sealed.length : 0), 0)
}
