// Drafts on their way to the ledger: numbered by their producer, refused or spooled where it takes none, and the time during
// which it took none itself on record (spec/capture.md §2, §6).

import type { Alarm } from '../clock/alarm.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import { isAboutDraft } from './about-draft.ts'
import type { AuditedLedger, Spool } from './audited-ledger.ts'
import {
  beginPeriod,
  type DegradedPeriod,
  endPeriod,
  type Period,
  type PeriodParts,
  periodAfter,
  shownPeriod,
} from './degraded-period.ts'
import type { Policy } from './policy.ts'
import { createProducerNumbers } from './producer-numbers.ts'

/** Before a step, or after it: what has happened already is kept in the spool, also where its kind blocks. */
export type Phase = 'before' | 'after'

export interface Recorder {
  /**
   * Records a draft under the producer's next number. Resolves when it is durable, in the ledger or, where its policy says so,
   * in the spool. Called in healthy times, it hands the draft over before it returns.
   * @throws LedgerError what kept it from being recorded
   */
  record(policy: Policy, phase: Phase, draft: Draft): Promise<void>
  /** As `record`, for a draft that others may make as well: its id says what it is, and it has no number. */
  recordOnce(policy: Policy, draft: Draft & { readonly id: string }): Promise<void>
  degraded(): DegradedPeriod | undefined
  /**
   * Takes no more, waits for what is on its way, tells the ledger what is to be told, and lets go of the spool.
   * @throws LedgerError where the ledger takes nothing: what was spooled stays in the spool
   */
  close(): Promise<void>
}

export interface RecorderParts {
  readonly ledger: AuditedLedger
  readonly spool: Spool | undefined
  readonly producer_id: string
  readonly clock: Clock
  readonly alarm: Alarm
  newId(): string
}

/** Where a draft came to be, and what the agent is told. */
interface Delivered {
  readonly kept: 'ledger' | 'spool' | 'nowhere'
  readonly error?: unknown
}

const IN_LEDGER: Delivered = { kept: 'ledger' }
const FIRST_TRY_MILLIS = 500
const LAST_TRY_MILLIS = 30_000

export function createRecorder({ ledger, spool, producer_id, clock, alarm, newId }: RecorderParts): Recorder {
  const numbers = createProducerNumbers()
  const now = (): string => formatTimestamp(Math.floor(clock.now()))
  const telling: PeriodParts = {
    now,
    own: (action, details) =>
      numbered({ id: newId(), timestamp: now(), action, actor_id: producer_id, actor_type: 'system', details }),
  }
  let period: Period | undefined
  let resuming: { readonly done: Promise<void>; state: 'asking' | 'telling' } | undefined
  let trying: { stop(): void } | undefined
  let underWay = 0
  let nothingUnderWay: (() => void) | undefined
  let closing: Promise<void> | undefined
  if (spool !== undefined && spool.waiting() > 0) degrade('left-over')

  function numbered(draft: Draft): Draft & { producer_seq: number } {
    return { ...draft, producer_id, producer_seq: numbers.take() }
  }

  async function record(policy: Policy, phase: Phase, draft: Draft): Promise<void> {
    const made = numbered(draft)
    const { kept, error } = await deliver(policy, phase, made)
    if (kept === 'nowhere' && isAboutDraft(error)) numbers.giveBack(made.producer_seq)
    else if (kept === 'nowhere') degrade(reasonOf(error)).refused.push(made.producer_seq)
    if (error !== undefined) throw error
  }

  // Whoever recorded another draft under such an id recorded the same: it is there.
  async function recordOnce(policy: Policy, draft: Draft): Promise<void> {
    const { error } = await deliver(policy, 'before', draft)
    if (error !== undefined && !isConflict(error)) throw error
  }

  async function deliver(policy: Policy, phase: Phase, draft: Draft): Promise<Delivered> {
    try {
      while (period !== undefined) {
        // Nobody waits for a ledger that takes nothing, where there is another place.
        if (policy === 'spool' && resuming?.state !== 'telling') return keep(draft, period.reason)
        await resume()
      }
      await ledger.append(draft)
      return IN_LEDGER
    } catch (error) {
      if (isAboutDraft(error)) return { kept: 'nowhere', error }
      const { reason } = degrade(reasonOf(error))
      if (spool === undefined || (policy === 'block' && phase === 'before')) return { kept: 'nowhere', error }
      const kept = await keep(draft, reason)
      // What blocks is told to the agent also where it is kept: by then the step has happened.
      return policy === 'block' ? { error, ...kept } : kept
    }
  }

  async function keep(draft: Draft, reason: string): Promise<Delivered> {
    if (spool === undefined) throw new TypeError('a spool that is not there was asked for; this is a bug')
    try {
      await spool.put(draft)
    } catch (error) {
      return { kept: 'nowhere', error }
    }
    degrade(reason).spooled++
    return { kept: 'spool' }
  }

  function degrade(reason: string): Period {
    if (period !== undefined) return period
    period = beginPeriod(telling, now(), reason)
    tryIn(FIRST_TRY_MILLIS)
    return period
  }

  function tryIn(millis: number): void {
    trying?.stop()
    trying = alarm(millis, () => {
      resume().catch(() => {
        if (closing === undefined) tryIn(Math.min(2 * millis, LAST_TRY_MILLIS))
      })
    })
  }

  function resume(): Promise<void> {
    if (resuming !== undefined) return resuming.done
    const done = tellPeriods().finally(() => {
      resuming = undefined
    })
    resuming = { done, state: 'asking' }
    return done
  }

  // What waits is told in the middle, so that the end comes behind it. Meanwhile nothing is put in its way.
  async function tellPeriods(): Promise<void> {
    for (let open = period; open !== undefined; open = period) {
      await ledger.append(open.announcement)
      if (resuming !== undefined) resuming.state = 'telling'
      await spool?.forward()
      open.end ??= endPeriod(telling, open)
      await ledger.append(open.end.draft)
      period = periodAfter(telling, open)
    }
    trying?.stop()
  }

  // Whoever forwards what waits tells of this period too: nobody else knows which numbers were refused in it.
  async function tellSpool(): Promise<void> {
    for (let open = period; spool !== undefined && open !== undefined; open = periodAfter(telling, open)) {
      open.end ??= endPeriod(telling, open)
      await spool.put(open.announcement)
      await spool.put(open.end.draft)
    }
  }

  async function shutDown(): Promise<void> {
    if (underWay > 0) {
      await new Promise<void>((resolve) => {
        nothingUnderWay = resolve
      })
    }
    const abandoned = numbers.abandon()
    if (abandoned.length > 0) degrade('refused').refused.push(...abandoned)
    try {
      await resume()
    } catch (error) {
      await tellSpool().catch(() => undefined)
      throw error
    } finally {
      trying?.stop()
      await spool?.close()
    }
  }

  async function whileOpen(recorded: () => Promise<void>): Promise<void> {
    if (closing !== undefined) throw auditClosed()
    underWay++
    try {
      await recorded()
    } finally {
      underWay--
      if (underWay === 0) nothingUnderWay?.()
    }
  }

  return {
    record: (policy, phase, draft) => whileOpen(() => record(policy, phase, draft)),
    recordOnce: (policy, draft) => whileOpen(() => recordOnce(policy, draft)),
    degraded: () => period && shownPeriod(period),
    close() {
      closing ??= shutDown()
      return closing
    },
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof LedgerError && error.code === 'id-conflict'
}

function reasonOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : 'unknown'
}

function auditClosed(): LedgerError {
  return new LedgerError('ledger-closed', {
    problem: 'this audit is closed, and records nothing more',
    cure: 'close it when the work of its agent is done',
  })
}
