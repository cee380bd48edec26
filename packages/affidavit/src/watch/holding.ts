// What a watcher has while it holds its ledger: what it remembers, what waits, and a run of it.

import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { createDelivery, type Delivered, type Delivery } from './delivery.ts'
import { makeWatchFolders } from './folder.ts'
import { holdWatch } from './hold.ts'
import { raise } from './judge-run.ts'
import { type Memory, openMemory } from './memory.ts'
import { type Outbox, openOutbox } from './outbox.ts'
import { faultCode, type RunParts, runWatch, type WatchRun } from './run.ts'
import type { WatchEvent } from './watch-event.ts'
import type { Webhook } from './webhook.ts'

export interface Holding {
  readonly memory: Memory
  readonly outbox: Outbox
  readonly delivery: Delivery | undefined
  /** @throws what keeps the run from being done */
  run(): Promise<WatchRun>
  /** Tries each alert that waits, once. What keeps it from being done is told: it takes nothing from what the run found. */
  deliverOnce(): Promise<void>
  release(): void
}

export interface HoldingParts extends Omit<RunParts, 'memory'> {
  readonly webhook: Webhook | undefined
  readonly clock: Clock
  readonly alarm: Alarm
  tell(event: WatchEvent): void
}

/** @throws LedgerError `already-watched`, `store-unavailable` */
export async function holdLedger(parts: HoldingParts): Promise<Holding> {
  const { place, webhook, clock, alarm, tell } = parts
  makeWatchFolders(place.home)
  const held = holdWatch(place.home)
  try {
    const outbox = openOutbox(place.home)
    const memory = openMemory({
      home: place.home,
      ...(webhook === undefined ? {} : { outbox }),
      tell: (alert) => tell({ kind: 'alert', alert }),
    })
    if (memory.was === 'altered') {
      const altered = { type: 'watch.state_altered', data: {} } as const
      await memory.remember(raise(memory.state(), altered, { at: clock.now(), ledger: memory.begin() }))
    }
    const fail = (error: unknown): void => tell({ kind: 'fault', code: faultCode(error) ?? 'bug', error })
    const run = { ...parts, memory }
    const told = (delivered: Delivered): void => tell({ kind: 'delivery', delivered })
    const delivery = webhook === undefined ? undefined : createDelivery({ outbox, webhook, alarm, tell: told, fail })
    return {
      memory,
      outbox,
      delivery,
      async run() {
        try {
          const done = await runWatch(run)
          tell({ kind: 'run', run: done })
          return done
        } catch (error) {
          fail(error)
          throw error
        }
      },
      async deliverOnce() {
        try {
          const delivered = await delivery?.tryAll()
          if (delivered !== undefined && delivered.taken + delivered.waiting > 0) told(delivered)
        } catch (error) {
          if (faultCode(error) === undefined) throw error
          fail(error)
        }
      },
      release: held.release,
    }
  } catch (error) {
    held.release()
    throw error
  }
}
