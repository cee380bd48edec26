// Group commit (spec/postgres.md §3): batches of one ledger that are handed in while a transaction is under way share the next one,
// in the order of their coming. Ledgers do not wait for each other.

import type { Batch, Placed, PreparedDraft } from '../../ledger/store.ts'

/** Drafts of one transaction, from which on no batch joins: enough to make the sync cheap, few enough for other writers. */
const ENOUGH = 512
/** Sealed bytes of one transaction, likewise. */
const ENOUGH_BYTES = 1_048_576

/** Batches that are committed together. */
export interface Group {
  readonly ledger: string
  /** Of all batches, in order. */
  readonly drafts: readonly PreparedDraft[]
  /** The wall clock when the last of them was handed over. */
  readonly at: number
  /** How long the first of them may wait for other writers. */
  readonly patienceMillis: number
}

interface Waiting {
  readonly batch: Batch
  resolve(placed: readonly Placed[]): void
  reject(error: unknown): void
}

export interface Groups {
  /** Resolves, or fails, with the group that the batch becomes part of. */
  add(batch: Batch): Promise<readonly Placed[]>
}

export function createGroups(commit: (group: Group) => Promise<readonly Placed[]>): Groups {
  const waiting = new Map<string, Waiting[]>()
  const underWay = new Map<string, Promise<void>>()

  async function work(ledger: string): Promise<void> {
    // What is handed in within this turn of the event loop goes together.
    await Promise.resolve()
    for (let group = take(waiting.get(ledger)); group.length > 0; group = take(waiting.get(ledger))) await settle(group)
    underWay.delete(ledger)
    waiting.delete(ledger)
  }

  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      const placed = await commit(groupOf(group))
      let from = 0
      for (const { batch, resolve } of group) {
        resolve(placed.slice(from, from + batch.drafts.length))
        from += batch.drafts.length
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  return {
    add: (batch) =>
      new Promise((resolve, reject) => {
        const { ledger } = batch
        const others = waiting.get(ledger)
        if (others === undefined) waiting.set(ledger, [{ batch, resolve, reject }])
        else others.push({ batch, resolve, reject })
        if (!underWay.has(ledger)) underWay.set(ledger, work(ledger))
      }),
  }
}

function take(waiting: Waiting[] = []): Waiting[] {
  let drafts = 0
  let bytes = 0
  const joins = waiting.findIndex(({ batch }, i) => {
    const isOver = i > 0 && (drafts + batch.drafts.length > ENOUGH || bytes >= ENOUGH_BYTES)
    drafts += batch.drafts.length
    bytes += sealedBytes(batch)
    return isOver
  })
  return waiting.splice(0, joins === -1 ? waiting.length : joins)
}

function groupOf(group: readonly Waiting[]): Group {
  const [first] = group
  return {
    ledger: first?.batch.ledger ?? '',
    drafts: group.flatMap(({ batch }) => batch.drafts),
    at: Math.max(...group.map(({ batch }) => batch.at)),
    patienceMillis: first?.batch.patienceMillis ?? 0,
  }
}

function sealedBytes({ drafts }: Batch): number {
  const payloads = drafts.flatMap((draft) => draft.payloads ?? [])
  return payloads.reduce((sum, payload) => sum + (payload.state === 'sealed' ? payload.sealed.length : 0), 0)
}
