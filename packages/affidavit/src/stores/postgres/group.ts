// Group commit (spec/postgres.md §3): batches of one ledger that are handed in while transactions are under way share the next one,
// in the order of their coming. Ledgers do not wait for each other.

import type { Batch, Placed, PreparedDraft } from '../../ledger/store.ts'

/** Drafts of one transaction, from which on no batch joins: enough to make the sync cheap, few enough for other writers. */
const ENOUGH = 512
/** Sealed bytes of one transaction, likewise. */
const ENOUGH_BYTES = 1_048_576
/** Transactions of a ledger that are under way at a time: the server always has one to go on with. */
const UNDER_WAY = 3
/** Drafts that a transaction has at least to be sent behind others: fewer are better off in the next one. */
const WORTH_SENDING = 48
/** Drafts that it has at most then: the server answers some while others are prepared. */
const ENOUGH_BEHIND = 128

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

/** A group that has its turn: the next one may be handed over. */
export interface Entered {
  readonly placed: Promise<readonly Placed[]>
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

/** What waits for a ledger, and what is under way there. */
interface Line {
  readonly waiting: Waiting[]
  underWay: number
  state: 'idle' | 'handing over'
}

/** @param enter hands groups of a ledger over in the order of its calls, and is called again when it has resolved */
export function createGroups(enter: (group: Group) => Promise<Entered>): Groups {
  const lines = new Map<string, Line>()

  async function handOver(ledger: string, line: Line): Promise<void> {
    if (line.state !== 'idle') return
    line.state = 'handing over'
    // What is handed in within this turn of the event loop goes together.
    await Promise.resolve()
    while (isDue(line)) {
      const group = take(line.waiting, line.underWay === 0 ? ENOUGH : ENOUGH_BEHIND)
      line.underWay++
      const entered = await enter(groupOf(group)).catch((error) => ({ placed: Promise.reject(error) }))
      void settle(group, entered).then(() => {
        line.underWay--
        void handOver(ledger, line)
      })
    }
    line.state = 'idle'
    if (line.underWay === 0 && line.waiting.length === 0) lines.delete(ledger)
  }

  return {
    add: (batch) =>
      new Promise((resolve, reject) => {
        const line = lines.get(batch.ledger) ?? { waiting: [], underWay: 0, state: 'idle' }
        lines.set(batch.ledger, line)
        line.waiting.push({ batch, resolve, reject })
        void handOver(batch.ledger, line)
      }),
  }
}

function isDue({ waiting, underWay }: Line): boolean {
  if (underWay === 0) return waiting.length > 0
  return underWay < UNDER_WAY && waiting.reduce((sum, { batch }) => sum + batch.drafts.length, 0) >= WORTH_SENDING
}

async function settle(group: readonly Waiting[], entered: Entered): Promise<void> {
  try {
    const placed = await entered.placed
    let from = 0
    for (const { batch, resolve } of group) {
      resolve(placed.slice(from, from + batch.drafts.length))
      from += batch.drafts.length
    }
  } catch (error) {
    for (const { reject } of group) reject(error)
  }
}

function take(waiting: Waiting[], enough: number): Waiting[] {
  let drafts = 0
  let bytes = 0
  const joins = waiting.findIndex(({ batch }, i) => {
    const isOver = i > 0 && (drafts + batch.drafts.length > enough || bytes >= ENOUGH_BYTES)
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
