// A watcher of one ledger (spec/watch.md): verifies on a schedule, puts that on record, and says what it found.

import { type Alarm, systemAlarm } from '../clock/alarm.ts'
import { type Clock, parseTimestamp, systemClock } from '../clock/clock.ts'
import type { Place } from '../embedded/place.ts'
import { expectVerifier } from '../embedded/record-verification.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reader } from '../ledger/reader.ts'
import { type Holding, holdLedger } from './holding.ts'
import { metricsOf, type WatchMetrics } from './metrics.ts'
import { faultCode, type WatchRun } from './run.ts'
import { dueAfter, dueAfterFault, millisUntil, type Schedule } from './schedule.ts'
import { NEW_STATE, type WatchState } from './state.ts'
import type { Against } from './verify-run.ts'
import type { WatchEvent } from './watch-event.ts'
import { openWebhook, type WebhookPlace } from './webhook.ts'

export interface WatchOptions {
  readonly place: Place
  readonly against: Against
  readonly schedule: Schedule
  /** Complete runs begin no further apart; what stands is raised again as often. */
  readonly completeEveryMillis: number
  /** Who verifies; stands in the records about it. */
  readonly reader: Reader
  /** `left out`: for a copy, and for whoever must not write. */
  readonly recording: 'recorded' | 'left out'
  /** Takes the records, where the ledger is open already. */
  readonly ledger?: Pick<Ledger, 'as' | 'origin'>
  /** Where alerts go; they are only told where it is left out. */
  readonly webhook?: WebhookPlace
  readonly clock?: Clock
  readonly alarm?: Alarm
  readonly tell: (event: WatchEvent) => void
}

export interface Watch {
  /**
   * Runs from now on when the schedule says, at once where a run was missed. Resolves when it has begun.
   * @throws LedgerError `already-watched`, `not-allowed`, `store-unavailable`
   */
  start(): Promise<void>
  /** Ends behind the run that is under way. @throws a bug of ours that ended it before */
  stop(): Promise<void>
  /** Resolves where it was stopped, and rejects where a bug of ours ends it. */
  ended(): Promise<void>
  /**
   * Runs now. Where it was not started, it holds the ledger for this run, and tries once to deliver what waits.
   * @throws LedgerError as `start`, and what keeps the run from being done
   */
  runOnce(): Promise<WatchRun>
  /** The last run that came to a verdict, also one of an earlier process once this one has begun. */
  lastRun(): WatchState['last_run']
  metrics(): WatchMetrics
}

/** Failed runs, one behind the other, that are raised. */
const ALERT_AFTER_FAULTS = 3
/** However far off a run is: the wall clock, which somebody may set, is looked at again. */
const LONGEST_WAIT_MILLIS = 60_000

/** @throws LedgerError `invalid-query` (the webhook) */
export function createWatch(options: WatchOptions): Watch {
  const { place, schedule, completeEveryMillis, reader, clock = systemClock, alarm = systemAlarm } = options
  const parts = {
    ...options,
    clock,
    alarm,
    webhook: options.webhook === undefined ? undefined : openWebhook(options.webhook, { clock, alarm }),
    rules: { completeEveryMillis, alertAfterFaults: ALERT_AFTER_FAULTS },
  }
  let held: Holding | undefined
  let last: Holding | undefined
  let loop: Promise<void> = Promise.resolve()
  let underWay: Promise<unknown> = Promise.resolve()
  let stopped = false
  let wake: () => void = () => undefined

  // One run at a time, and the ledger held once.
  function inLine<T>(work: () => Promise<T>): Promise<T> {
    const done = underWay.then(work)
    underWay = done.catch(() => undefined)
    return done
  }

  async function hold(): Promise<Holding> {
    expectVerifier(place, reader)
    held = last = await holdLedger(parts)
    return held
  }

  async function letGo({ delivery, release }: Holding): Promise<void> {
    await delivery?.stop()
    release()
    held = undefined
  }

  async function goOn({ memory, delivery, run }: Holding): Promise<void> {
    let began: number | undefined
    while (!stopped) {
      const wait = millisToWait(memory.state(), began)
      if (wait > 0) {
        await pause(Math.min(wait, LONGEST_WAIT_MILLIS))
        continue
      }
      began = clock.elapsed()
      await inLine(run).catch(unlessFault)
      delivery?.begin()
    }
  }

  async function goUntilStopped(holding: Holding): Promise<void> {
    try {
      await goOn(holding)
    } finally {
      await letGo(holding)
    }
  }

  // Whichever clock says so first: that of the wall may be set back, and the other one is new in each process.
  function millisToWait({ tried_at = '', faults }: WatchState, began: number | undefined): number {
    const tried = parseTimestamp(tried_at)
    if (tried === undefined) return 0
    const due = faults === undefined ? dueAfter(schedule, tried) : dueAfterFault(schedule, tried, faults.count)
    const byWall = millisUntil(due, tried, clock.now())
    if (schedule.kind === 'cron' || began === undefined) return byWall
    return Math.min(byWall, Math.max(0, began + schedule.millis - clock.elapsed()))
  }

  function pause(millis: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = alarm(millis, resolve)
      wake = () => {
        waiting.stop()
        resolve()
      }
    })
  }

  return {
    start: () =>
      inLine(async () => {
        if (held !== undefined) return
        stopped = false
        const holding = await hold()
        holding.delivery?.begin()
        loop = goUntilStopped(holding)
        // Whoever asks for its end is told, and whoever stops it.
        loop.catch(() => undefined)
      }),
    async stop() {
      stopped = true
      wake()
      await loop
    },
    ended: () => loop,
    runOnce: () =>
      inLine(async () => {
        if (held !== undefined) return held.run()
        const holding = await hold()
        try {
          return await holding.run()
        } finally {
          await holding.deliverOnce()
          await letGo(holding)
        }
      }),
    lastRun: () => last?.memory.state().last_run,
    metrics: () => metricsOf(last?.memory.state() ?? NEW_STATE, last?.outbox.waiting().length ?? 0),
  }
}

// What kept a run from being done was told, and is raised in its time.
function unlessFault(error: unknown): undefined {
  if (faultCode(error) === undefined) throw error
}
