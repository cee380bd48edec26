// What a watcher has while it holds its ledger: what it remembers, what waits, and a run of it.

import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { createDelivery, type Delivery } from './delivery.ts'
import { makeWatchFolders } from './folder.ts'
import { holdWatch } from './hold.ts'
import { raise } from './judge-run.ts'
import { type Memory, openMemory } from './memory.ts'
import { type Outbox, openOutbox } from './outbox.ts'
import { faultCode, type RunParts, runWatch, type WatchRun } from './run.ts'
import { homeKey } from './state-file.ts'
import type { WatchEvent } from './watch-event.ts'
import type { Webhook } from './webhook.ts'

export interface Holding {
  readonly memory: Memory
  readonly outbox: Outbox
  readonly delivery: Delivery | undefined
  /** @throws what keeps the run from being done */
  run(): Promise<WatchRun>
  release(): void
}

export interface HoldingParts extends Omit<RunParts, 'memory' | 'homeLedger'> {
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
    const key = homeKey(place.home)
    const outbox = openOutbox(place.home)
    const memory = openMemory({
      home: place.home,
      homeKey: key,
      ...(webhook === undefined ? {} : { outbox }),
      tell: (alert) => tell({ kind: 'alert', alert }),
    })
    if (memory.was === 'altered') {
      const altered = { type: 'watch.state_altered', data: {} } as const
      await memory.remember(raise(memory.state(), altered, { at: clock.now(), ledger: key.ledger }))
    }
    const fail = (error: unknown): void => tell({ kind: 'fault', code: faultCode(error) ?? 'bug', error })
    const run = { ...parts, memory, ...(key.ledger === undefined ? {} : { homeLedger: key.ledger }) }
    return {
      memory,
      outbox,
      delivery:
        webhook === undefined
          ? undefined
          : createDelivery({
              outbox,
              webhook,
              alarm,
              tell: (delivered) => tell({ kind: 'delivery', delivered }),
              fail,
            }),
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
      release: held.release,
    }
  } catch (error) {
    held.release()
    throw error
  }
}
