// What a server refused is on record before its answer (spec/http.md §5): the actor, what was wanted, and the status; no path, no body.

import type { Principal } from '../access/principal.ts'
import { type Alarm, backgroundAlarm } from '../clock/alarm.ts'
import { type Clock, systemClock } from '../clock/clock.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { type Denied, deniedDraft } from '../ledger/reader.ts'

/** Durable when it resolves. @throws LedgerError as recording does: then nothing was answered yet */
export async function recordDenied(
  ledger: Pick<Ledger, 'archival'>,
  { actor_id, actor_type, credential_id }: Principal,
  denied: Omit<Denied, 'credential_id'>,
): Promise<void> {
  await ledger.archival.record(deniedDraft({ actor_id, actor_type }, { ...denied, credential_id }))
}

/** Credentials that are none, of which anybody can send as many as they like. */
export interface UnknownDenials {
  /** One more. It is on record, with those that were counted until then, or counted where there was a record within a minute. */
  count(): Promise<void>
  /** Puts on record what is counted. Called before the ledger is closed. */
  close(): Promise<void>
}

const MINUTE = 60_000

export function createUnknownDenials(
  { archival }: Pick<Ledger, 'archival'>,
  { clock = systemClock, alarm = backgroundAlarm }: { readonly clock?: Clock; readonly alarm?: Alarm } = {},
): UnknownDenials {
  let counted = 0
  let quietUntil = Number.NEGATIVE_INFINITY
  let ringing: ReturnType<Alarm> | undefined
  let recording: Promise<void> = Promise.resolve()

  function put(): Promise<void> {
    const attempts = counted
    counted = 0
    ringing?.stop()
    ringing = undefined
    quietUntil = clock.elapsed() + MINUTE
    recording = record(attempts).catch((error: unknown) => {
      // They count in the next record.
      counted += attempts
      waitQuietly()
      throw error
    })
    return recording
  }

  async function record(attempts: number): Promise<void> {
    await archival.record({
      action: 'access_denied',
      outcome: 'denied',
      actor_id: 'unknown',
      actor_type: 'system',
      data_classification: 'internal',
      details: { operation: 'sign_in', status: 401, attempts },
    })
  }

  function waitQuietly(): void {
    // What cannot be recorded then is counted on; readiness says that the ledger takes nothing.
    ringing ??= alarm(Math.max(0, quietUntil - clock.elapsed()), () => void put().catch(() => undefined))
  }

  return {
    async count() {
      counted++
      if (clock.elapsed() >= quietUntil) return put()
      waitQuietly()
    },
    async close() {
      ringing?.stop()
      await recording.catch(() => undefined)
      try {
        if (counted > 0) await put()
      } finally {
        ringing?.stop()
      }
    },
  }
}
