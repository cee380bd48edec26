// Alerts on their way: each that waits is tried, and those that nobody took are tried again, later and later; none is given up.

import type { Alarm } from '../clock/alarm.ts'
import type { Outbox } from './outbox.ts'
import type { Webhook } from './webhook.ts'

const FIRST_PAUSE_MILLIS = 5_000
const LONGEST_PAUSE_MILLIS = 3_600_000

/** What became of the alerts that waited. */
export interface Delivered {
  readonly taken: number
  readonly waiting: number
  /** Why the last one that was not taken was not. */
  readonly problem?: string
}

export interface Delivery {
  /** Tries each that waits, once. @throws LedgerError `store-unavailable` */
  tryAll(): Promise<Delivered>
  /** Tries all now, and those that are left again and again, until `stop`. */
  begin(): void
  /** Waits for the one that is on its way. */
  stop(): Promise<void>
}

export interface DeliveryParts {
  readonly outbox: Outbox
  readonly webhook: Webhook
  readonly alarm: Alarm
  tell(delivered: Delivered): void
  /** What kept a delivery from being remembered. */
  fail(error: unknown): void
}

export function createDelivery({ outbox, webhook, alarm, tell, fail }: DeliveryParts): Delivery {
  let underWay: Promise<unknown> = Promise.resolve()
  let pause: { stop(): void } | undefined
  let pauseMillis = FIRST_PAUSE_MILLIS
  let stopped = false

  async function tryEach(): Promise<Delivered> {
    let taken = 0
    let problem: string | undefined
    // One that a receiver refuses must not keep the others.
    for (const alert of outbox.waiting()) {
      if (stopped) break
      const answer = await webhook.send(alert.id, alert.text)
      if (answer === 'taken') {
        await outbox.delivered(alert)
        taken++
      } else problem = answer.problem
    }
    return { taken, waiting: outbox.waiting().length, ...(problem === undefined ? {} : { problem }) }
  }

  // One after the other, so that none is sent twice at once.
  function tryAll(): Promise<Delivered> {
    const tried = underWay.then(tryEach)
    underWay = tried.catch(() => undefined)
    return tried
  }

  async function goOn(): Promise<void> {
    const delivered = await tryAll()
    if (delivered.taken > 0 || delivered.problem !== undefined) tell(delivered)
    if (delivered.waiting === 0) {
      pauseMillis = FIRST_PAUSE_MILLIS
      return
    }
    waitAndGoOn()
  }

  function waitAndGoOn(): void {
    if (stopped) return
    pause?.stop()
    pause = alarm(pauseMillis, begin)
    pauseMillis = Math.min(2 * pauseMillis, LONGEST_PAUSE_MILLIS)
  }

  function begin(): void {
    if (stopped) return
    goOn().catch((error: unknown) => {
      fail(error)
      waitAndGoOn()
    })
  }

  return {
    tryAll,
    begin,
    async stop() {
      stopped = true
      pause?.stop()
      await underWay
    },
  }
}
