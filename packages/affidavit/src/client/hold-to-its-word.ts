// A server is held to what it acknowledged and showed (spec/client.md §4): a while after it acknowledged something, when much waits to be
// held against a checkpoint, and on closing. What it cannot take back ends all writing to it.

import type { Alarm } from '../clock/alarm.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Appended } from '../ledger/ledger.ts'
import { type History, isOtherHistory, type Seen } from './history.ts'

export interface Held {
  acknowledged(appended: Appended): void
  /** @throws LedgerError as History.look, and from then on */
  look(by: 'look' | 'publish'): Promise<Seen>
  /** Looks a last time, where something was acknowledged since. @throws LedgerError `forked`, `rolled-back`, `wrong-key` */
  stop(): Promise<void>
}

export interface HoldParts {
  readonly history: History
  readonly background: Alarm
  /** Ends all writing. */
  refuse(error: LedgerError): void
}

/** How long after an acknowledgement. */
const LOOK_AFTER_MILLIS = 60_000
/** So many wait for no clock. */
const MANY = 4_096

export function holdToItsWord({ history, background, refuse }: HoldParts): Held {
  let next: { stop(): void } | undefined
  let many: 'looking' | 'not looking' = 'not looking'
  let fault: LedgerError | undefined

  async function look(by: 'look' | 'publish'): Promise<Seen> {
    if (fault !== undefined) throw fault
    try {
      return await history.look(by)
    } catch (error) {
      if (isOtherHistory(error)) end(error)
      throw error
    }
  }

  function end(error: LedgerError): void {
    fault ??= error
    refuse(fault)
  }

  function later(): void {
    next ??= background(LOOK_AFTER_MILLIS, () => {
      next = undefined
      lookAway()
    })
  }

  // What a server does not show now, it is asked for again.
  function lookAway(): void {
    look('look').then(
      () => {
        if (history.waiting() > 0) later()
      },
      () => {
        if (fault === undefined) later()
      },
    )
  }

  return {
    acknowledged(appended) {
      try {
        history.acknowledged(appended)
      } catch (error) {
        if (!isOtherHistory(error)) throw error
        end(error)
        return
      }
      later()
      if (history.waiting() < MANY || many === 'looking') return
      many = 'looking'
      void look('look')
        .catch(() => undefined)
        .finally(() => {
          many = 'not looking'
        })
    },
    look,
    async stop() {
      next?.stop()
      if (fault !== undefined || history.waiting() === 0) return
      try {
        await look('publish')
      } catch (error) {
        // What was acknowledged is durable; whoever opens the ledger next holds the server to what was seen before.
        if (!(error instanceof LedgerError) || isOtherHistory(error)) throw error
      }
    },
  }
}
