// From an admitted draft to its place: prepared, in line, committed; anew where an erasure was decided meanwhile
// (spec/sealing.md §5), and told from a conflict where its id has a place already.

import { unreachable } from '../errors/ledger-error.ts'
import type { Admitted } from './admit.ts'
import { fewAtOnce } from './few-at-once.ts'
import { createLine } from './in-line.ts'
import type { Queue } from './queue.ts'
import { findEntry, recordOf } from './read.ts'
import type { LedgerStore, Placed, PreparedDraft } from './store.ts'

/** `compared` is false where the key or the record is destroyed that it would take to tell whether it is the same draft. */
export type Settled =
  | Extract<Placed, { state: 'recorded' }>
  | (Extract<Placed, { state: 'duplicate' }> & { readonly compared: boolean })
  | (Extract<Placed, { state: 'conflict' }> & { readonly refused_commitment: string })

export interface Placing {
  /** @throws LedgerError `queue-full`, and what keeps the record from being committed */
  place(admitted: Admitted, by: 'caller' | 'ledger'): Promise<Settled>
  /** The ledger's own, which rests on what was judged below this size: `overtaken` where a record has come since by which it has to be judged anew. */
  placeJudged(admitted: Admitted, judged_below: number): Promise<Settled | 'overtaken'>
  /** Drafts that may still be placed. */
  room(): number
  /** Resolves when there may be room again. */
  roomMade(): Promise<void>
  /** Resolves when everything that was taken before has its place, or was refused. */
  settled(): Promise<void>
}

interface Entered {
  readonly placed: Placed
  readonly draft_commitment: string
}

/** Large drafts that are sealed at a time: each holds some hundred kilobytes meanwhile. */
const LARGE_AT_ONCE = 4

export interface PlacingParts {
  readonly store: LedgerStore
  readonly ledger: string
  readonly queue: Queue
  /** Resolves when keys of this generation of the keyring, or of a later one, are taken. */
  renew(fence: number): Promise<void>
}

export function createPlacing({ store, ledger, queue, renew }: PlacingParts): Placing {
  const line = createLine()
  const fewLarge = fewAtOnce(LARGE_AT_ONCE)
  /** Large drafts that are being sealed: they have room, and no place in line yet. */
  const sealing = new Set<Promise<unknown>>()
  let underWay = 0
  let waiting: (() => void)[] = []

  // Runs up to the queue without waiting, where it can: drafts are recorded in the order of the calls.
  async function place(admitted: Admitted, by: 'caller' | 'ledger'): Promise<Settled> {
    const settled = await settle(admitted, by)
    return settled === 'overtaken' ? unreachable('only what was judged is overtaken') : settled
  }

  async function settle(
    admitted: Admitted,
    by: 'caller' | 'ledger',
    judged?: { readonly judged_below: number },
  ): Promise<Settled | 'overtaken'> {
    underWay++
    try {
      for (let room = by; ; room = 'ledger') {
        const { placed, draft_commitment } = await enter(admitted, room, judged)
        // What was taken has its room: prepared anew, it is not refused.
        if (placed.state === 'stale') await renew(placed.fence)
        else if (placed.state === 'recorded') return placed
        else if (placed.state === 'overtaken') return placed.state
        else if (placed.state === 'duplicate') return { ...placed, compared: true }
        else if (placed.state === 'destroyed') return { ...placed, state: 'duplicate', compared: false }
        else return (await sameAfterAll(admitted, placed.seq)) ?? { ...placed, refused_commitment: draft_commitment }
      }
    } finally {
      underWay--
      if (underWay === 0) tellSettled()
    }
  }

  function enter(
    admitted: Admitted,
    by: 'caller' | 'ledger',
    judged?: { readonly judged_below: number },
  ): Promise<Entered> {
    const push = async (draft: PreparedDraft): Promise<Entered> => {
      const placed = await (by === 'caller' ? queue.push(draft) : queue.pushOwn({ ...draft, ...judged }))
      return { placed, draft_commitment: draft.draft_commitment }
    }
    if (!admitted.isLarge) return line.enter(admitted.prepare(), push)
    // What takes long holds up nobody: it has its turn when it is sealed.
    const prepared = fewLarge(() => admitted.prepare())
    sealing.add(prepared)
    return prepared.finally(() => sealing.delete(prepared)).then((draft) => line.enter(draft, push))
  }

  // The same draft has another commitment where its record stands under keys of another month, or under none any more.
  async function sameAfterAll(admitted: Admitted, seq: number): Promise<Settled | undefined> {
    const entry = await findEntry(store, ledger, seq)
    if (entry === undefined) return undefined
    const standing = recordOf(entry)
    const verdict = await admitted.compare(standing)
    if (verdict === 'other') return undefined
    const { integrity_hash, recorded_at } = standing
    return { state: 'duplicate', seq, integrity_hash, recorded_at, compared: verdict === 'same' }
  }

  function room(): number {
    return queue.room() - line.waiting() - sealing.size
  }

  function tellSettled(): void {
    const told = waiting
    waiting = []
    for (const tell of told) tell()
  }

  return {
    place,
    placeJudged: (admitted, judged_below) => settle(admitted, 'ledger', { judged_below }),
    room,
    async roomMade() {
      if (line.waiting() > 0) await line.passed()
      else if (sealing.size > 0) await Promise.race([...sealing].map((one) => one.catch(() => undefined)))
      else await queue.batchSettled()
    },
    async settled() {
      // What an answer makes the ledger record is taken before the turn of the event loop ends.
      do {
        while (underWay > 0) await new Promise<void>((resolve) => waiting.push(resolve))
        await queue.drained()
      } while (underWay > 0)
    },
  }
}
