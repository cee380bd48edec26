// Group commit: drafts that arrive while a batch is being committed become the next batch. Bounded; beyond, an error.

import { LedgerError } from './errors.ts'
import type { Placed, PreparedDraft } from './store.ts'

/** Drafts of one transaction at most: long enough to amortise the fsync, short enough for other writers. */
const MAX_BATCH = 512

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
  /** Resolves when everything that was pushed before is settled. */
  drained(): Promise<void>
}

interface Waiting {
  readonly draft: PreparedDraft
  readonly by: 'caller' | 'ledger'
  resolve(placed: Placed): void
  reject(error: unknown): void
}

/** `commit` settles one batch; it is never called again before it has. */
export function createQueue(
  commit: (drafts: readonly PreparedDraft[]) => Promise<readonly Placed[]>,
  capacity: number,
): Queue {
  if (!(capacity >= 1)) throw new RangeError(`a queue takes at least one draft, not ${capacity}`)
  let waiting: Waiting[] = []
  /** Callers' drafts that wait or are under way. */
  let taken = 0
  let pumping: Promise<void> = Promise.resolve()
  let state: 'idle' | 'pumping' = 'idle'

  async function pump(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, MAX_BATCH)
      waiting = waiting.slice(MAX_BATCH)
      await settle(batch)
      taken -= batch.filter(({ by }) => by === 'caller').length
    }
    state = 'idle'
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const placed = await commit(batch.map(({ draft }) => draft))
      for (const [i, { resolve, reject }] of batch.entries()) {
        const place = placed[i]
        if (place === undefined) reject(new Error('the store answered fewer places than drafts; this is a bug'))
        else resolve(place)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  function take(draft: PreparedDraft, by: Waiting['by']): Promise<Placed> {
    return new Promise((resolve, reject) => {
      if (by === 'caller') taken++
      waiting.push({ draft, by, resolve, reject })
      if (state === 'pumping') return
      state = 'pumping'
      pumping = pump()
    })
  }

  return {
    push: (draft) => (taken < capacity ? take(draft, 'caller') : Promise.reject(queueFull(capacity))),
    pushOwn: (draft) => take(draft, 'ledger'),
    room: () => capacity - taken,
    drained: () => pumping,
  }
}

function queueFull(capacity: number): LedgerError {
  return new LedgerError('queue-full', {
    problem: `${capacity} drafts wait to be committed already; this one was not taken`,
    cure: 'wait for appends to resolve, or spool; nothing was dropped',
  })
}
