// Drafts become batches: those of one turn of the event loop go together, and a batch that is large enough goes at once, so
// that the store writes it while the next ones are admitted. Bounded; beyond, an error.

import { nextTick } from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'

import { LedgerError } from '../errors/ledger-error.ts'
import type { Placed, PreparedDraft } from './store.ts'

/** Drafts of a batch: few enough for the store to begin soon, enough to make handing them over cheap. */
const MAX_BATCH = 16

export interface Queue {
  /** Resolves with the draft's place once it is durable. @throws LedgerError `queue-full` */
  push(draft: PreparedDraft): Promise<Placed>
  /**
   * As `push`, for a record of the ledger about itself. It is beyond the bound and takes no room from drafts: each
   * follows from a draft that was taken, or from one act of an operator, so they are as few as those.
   */
  pushOwn(draft: PreparedDraft): Promise<Placed>
  /** Drafts that may still be pushed. */
  room(): number
  /** Resolves when the oldest batch under way is settled. */
  batchSettled(): Promise<void>
  /** Resolves when everything that was pushed before is settled, and what the ledger recorded because of it. */
  drained(): Promise<void>
}

interface Waiting {
  readonly draft: PreparedDraft
  readonly by: 'caller' | 'ledger'
  resolve(placed: Placed): void
  reject(error: unknown): void
}

type Outcome = { readonly placed: readonly Placed[] } | { readonly failure: unknown }

/** What becomes of a batch; `more` where the turn of the event loop is not over and another one follows. */
export type Commit = (drafts: readonly PreparedDraft[], more: 'more' | 'last') => Promise<readonly Placed[]>

/** `commit` settles batches in the order of its calls; it is called again before it has. */
export function createQueue(commit: Commit, capacity: number): Queue {
  if (!(capacity >= 1)) throw new RangeError(`a queue takes at least one draft, not ${capacity}`)
  let gathered: Waiting[] = []
  /** Callers' drafts that wait or are under way. */
  let taken = 0
  let state: 'idle' | 'gathering' = 'idle'
  const underWay: Promise<void>[] = []

  function take(draft: PreparedDraft, by: Waiting['by']): Promise<Placed> {
    return new Promise((resolve, reject) => {
      if (by === 'caller') taken++
      if (gathered.length === MAX_BATCH) handOver('more')
      const one = { draft, by, resolve, reject }
      // A copy: decision 0011.
      gathered.push({ ...one })
      // After what is resolved already, so that callers whom one answer lets go on are in the same batch.
      if (state === 'idle') nextTick(endTurn)
      state = 'gathering'
    })
  }

  function endTurn(): void {
    if (state === 'gathering') handOver('last')
    state = 'idle'
  }

  function handOver(more: 'more' | 'last'): void {
    const batch = gathered
    gathered = []
    underWay.push(settle(batch, more))
  }

  async function settle(batch: readonly Waiting[], more: 'more' | 'last'): Promise<void> {
    const outcome = await outcomeOf(batch, more)
    taken -= batch.filter(({ by }) => by === 'caller').length
    underWay.shift()
    for (const [i, { resolve, reject }] of batch.entries()) {
      const place = 'placed' in outcome ? outcome.placed[i] : undefined
      if (place !== undefined) resolve(place)
      else reject('failure' in outcome ? outcome.failure : new Error('fewer places than drafts; this is a bug'))
    }
  }

  async function outcomeOf(batch: readonly Waiting[], more: 'more' | 'last'): Promise<Outcome> {
    try {
      return {
        placed: await commit(
          batch.map(({ draft }) => draft),
          more,
        ),
      }
    } catch (failure) {
      return { failure }
    }
  }

  async function batchSettled(): Promise<void> {
    endTurn()
    await underWay[0]
  }

  // What an answer makes the ledger record is pushed before the turn of the event loop ends.
  async function drained(): Promise<void> {
    do {
      endTurn()
      await underWay.at(-1)
      await turn()
    } while (state === 'gathering' || underWay.length > 0)
  }

  return {
    push: (draft) => (taken < capacity ? take(draft, 'caller') : Promise.reject(queueFull(capacity))),
    pushOwn: (draft) => take(draft, 'ledger'),
    room: () => capacity - taken,
    batchSettled,
    drained,
  }
}

export function queueFull(capacity: number): LedgerError {
  return new LedgerError('queue-full', {
    problem: `${capacity} drafts wait to be committed already; this one was not taken`,
    cure: 'wait for appends to resolve, or spool; nothing was dropped',
  })
}
