// Group commit: drafts that arrive while a batch is being committed become the next batch. Bounded; beyond, an error.

import { setImmediate as turn } from 'node:timers/promises'

import { LedgerError } from './errors.ts'
import type { Placed, PreparedDraft } from './store.ts'

/** Drafts of one transaction at most: long enough to amortise the fsync, short enough for other writers. */
const MAX_BATCH = 512

/**
 * So many drafts are committed without waiting for more. Fewer wait for the end of the turn of the event loop: callers who
 * were answered together append together. Of many callers, one half is admitted while the other half is being written.
 */
const ENOUGH = 128

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
  /** Resolves when the batch under way is settled. */
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

/** `commit` settles one batch; it is never called again before it has. */
export function createQueue(
  commit: (drafts: readonly PreparedDraft[]) => Promise<readonly Placed[]>,
  capacity: number,
): Queue {
  if (!(capacity >= 1)) throw new RangeError(`a queue takes at least one draft, not ${capacity}`)
  let waiting: Waiting[] = []
  /** Callers' drafts that wait or are under way. */
  let taken = 0
  let state: 'idle' | 'gathering' | 'committing' = 'idle'
  let settled: Promise<void> = Promise.resolve()

  function take(draft: PreparedDraft, by: Waiting['by']): Promise<Placed> {
    return new Promise((resolve, reject) => {
      if (by === 'caller') taken++
      waiting.push({ draft, by, resolve, reject })
      if (state === 'idle') gather()
      if (state === 'gathering' && waiting.length >= ENOUGH) commitNext()
    })
  }

  function gather(): void {
    state = 'gathering'
    settled = Promise.resolve().then(() => {
      if (state === 'gathering') commitNext()
      return settled
    })
  }

  function commitNext(): void {
    const batch = waiting.slice(0, MAX_BATCH)
    waiting = waiting.slice(MAX_BATCH)
    state = batch.length > 0 ? 'committing' : 'idle'
    if (batch.length > 0) settled = settle(batch)
  }

  // The next batch is on its way before the callers of this one go on: neither thread waits for the other.
  async function settle(batch: readonly Waiting[]): Promise<void> {
    const outcome = await outcomeOf(batch)
    taken -= batch.filter(({ by }) => by === 'caller').length
    commitNext()
    for (const [i, { resolve, reject }] of batch.entries()) {
      const place = 'placed' in outcome ? outcome.placed[i] : undefined
      if (place !== undefined) resolve(place)
      else reject('failure' in outcome ? outcome.failure : new Error('fewer places than drafts; this is a bug'))
    }
  }

  async function outcomeOf(batch: readonly Waiting[]): Promise<Outcome> {
    try {
      return { placed: await commit(batch.map(({ draft }) => draft)) }
    } catch (failure) {
      return { failure }
    }
  }

  // What an answer makes the ledger record is pushed before the turn of the event loop ends.
  async function drained(): Promise<void> {
    do {
      await settled
      await turn()
    } while (state !== 'idle')
  }

  return {
    push: (draft) => (taken < capacity ? take(draft, 'caller') : Promise.reject(queueFull(capacity))),
    pushOwn: (draft) => take(draft, 'ledger'),
    room: () => capacity - taken,
    batchSettled: () => settled,
    drained,
  }
}

function queueFull(capacity: number): LedgerError {
  return new LedgerError('queue-full', {
    problem: `${capacity} drafts wait to be committed already; this one was not taken`,
    cure: 'wait for appends to resolve, or spool; nothing was dropped',
  })
}
