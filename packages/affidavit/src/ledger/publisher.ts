// When to publish: on an interval, after so many entries, on closing; and a heartbeat when nothing happens.

import type { Clock, UnixMillis } from '../clock/clock.ts'
import type { Signer } from './keys.ts'
import { type CheckedTree, type Published, type Publishing, publishCheckpoint, publishHeartbeat } from './publish.ts'
import { newestReleased, releaseMissing } from './release.ts'
import type { StoredCheckpoint } from './store.ts'

export interface PublishSchedule {
  /** A checkpoint at the latest this long after an entry. */
  readonly intervalMillis: number
  /** A checkpoint as soon as so many entries have none. */
  readonly afterEntries: number
  /** While nothing is appended, a line with the time this often. */
  readonly heartbeatMillis: number
}

export const DEFAULT_SCHEDULE: PublishSchedule = {
  intervalMillis: 1_000,
  afterEntries: 20_000,
  heartbeatMillis: 60_000,
}

export interface PublishClock extends Clock {
  /** The wall clock for a heartbeat, which says nothing but the time. @throws LedgerError `clock-jump` */
  confirmed(): UnixMillis
}

export interface Publisher {
  /** Tells of committed entries. */
  appended(count: number): void
  /** Publishes what is committed now, signed by `extraSigners` too. @throws LedgerError `not-published`, `store-corrupt` */
  publish(extraSigners?: readonly Signer[]): Promise<StoredCheckpoint>
  /** Why the last publication in the background failed, until one succeeds. */
  failure(): string | undefined
  /** Publishes what is left and ends. */
  stop(): Promise<void>
  /** Ends without a word: the ledger could not be opened. */
  abandon(): void
}

export function createPublisher(
  publishing: Publishing,
  start: CheckedTree,
  clock: PublishClock,
  schedule: PublishSchedule,
): Publisher {
  let checked = start
  let unpublished = 0
  let saidAt = clock.elapsed()
  let failed: string | undefined
  let background: 'idle' | 'publishing' = 'idle'
  // Whatever stopped a publication, the checkpoint may be kept and not be outside: the next one sees to that first.
  let released: 'all' | 'in doubt' = 'all'
  // One publication at a time: each builds on the tree that the one before has checked.
  let last: Promise<unknown> = Promise.resolve()

  function oneAtATime(work: () => Promise<Published>): Promise<StoredCheckpoint> {
    const next = last.then(async () => {
      const begun = clock.elapsed()
      const { checkpoint } = await work()
      saidAt = begun
      failed = undefined
      return checkpoint
    })
    last = next.catch(() => undefined)
    return next
  }

  function publish(extraSigners: readonly Signer[] = []): Promise<StoredCheckpoint> {
    return oneAtATime(() => publishNow(extraSigners))
  }

  async function publishNow(extraSigners: readonly Signer[]): Promise<Published> {
    if (released === 'in doubt') await releaseMissing(publishing, await newestReleased(publishing))
    released = 'in doubt'
    const covered = unpublished
    const done = await publishCheckpoint(publishing, checked, clock.now(), extraSigners)
    released = 'all'
    checked = done.checked
    unpublished -= covered
    return done
  }

  // Another process may have appended meanwhile: then a checkpoint says more than a line with the time.
  function heartbeat(): Promise<StoredCheckpoint> {
    return oneAtATime(async () => {
      const at = clock.confirmed()
      const done = await publishNow([])
      if (done.published === 'nothing new') await publishHeartbeat(publishing, done.checkpoint, at)
      return done
    })
  }

  // A failure in the background stays in health() and is tried again; publish() and stop() throw it to their callers. While
  // one publication is under way, the next tick has nothing to add to it.
  function inBackground(publication: () => Promise<unknown>): void {
    if (background === 'publishing') return
    background = 'publishing'
    publication()
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error)
        if (failed !== message) process.emitWarning(message, 'AffidavitPublishWarning')
        failed = message
      })
      .finally(() => {
        background = 'idle'
      })
  }

  const timer = setInterval(() => {
    if (unpublished > 0) inBackground(publish)
    else if (clock.elapsed() - saidAt >= schedule.heartbeatMillis) inBackground(heartbeat)
  }, schedule.intervalMillis)
  timer.unref()

  return {
    appended(count) {
      const before = unpublished
      unpublished += count
      if (before < schedule.afterEntries && unpublished >= schedule.afterEntries) inBackground(publish)
    },
    publish,
    failure: () => failed,
    abandon: () => clearInterval(timer),
    async stop() {
      clearInterval(timer)
      await publish()
    },
  }
}
