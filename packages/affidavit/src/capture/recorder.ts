// Drafts on their way to the ledger: numbered by their producer, refused or spooled where it takes none, and the time during
// which it took none itself on record (spec/capture.md §2, §6).

import type { Alarm } from '../clock/alarm.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
import type { Draft } from '../formats/fields.ts'
import type { AuditedLedger, Spool } from './audited-ledger.ts'
import type { Policies, StepKind } from './policy.ts'
import { rangesOf } from './ranges.ts'

/** Before a step, or after it: what has happened already is kept in the spool, also where its kind blocks. */
export type Phase = 'before' | 'after'

export interface Recorder {
  /**
   * Records a draft under the producer's next number. Resolves when it is durable, in the ledger or, where its policy says so,
   * in the spool.
   * @throws LedgerError what kept it from being recorded
   */
  record(kind: StepKind, phase: Phase, draft: Draft): Promise<void>
  /** As `record`, for a draft that others may make as well: its id says what it is, and it has no number. */
  recordOnce(kind: StepKind, draft: Draft & { readonly id: string }): Promise<void>
  degraded(): DegradedPeriod | undefined
  /** Tells the ledger what waits, and ends. @throws LedgerError where it takes nothing: what was spooled stays in the spool */
  close(): Promise<void>
}

export interface DegradedPeriod {
  readonly since: string
  readonly reason: string
  readonly refused: number
  readonly spooled: number
}

export interface RecorderParts {
  readonly ledger: AuditedLedger
  readonly spool: Spool | undefined
  readonly policies: Policies
  readonly producer_id: string
  readonly clock: Clock
  readonly alarm: Alarm
  newId(): string
}

interface Period {
  readonly announcement: Draft
  readonly since: string
  readonly reason: string
  readonly refusedNumbers: number[]
  spooled: number
  /** The end, once it was told: told again it is the same draft. */
  end: Draft | undefined
}

/** Where a draft came to be, and what the agent is told. */
interface Delivered {
  readonly kept: 'ledger' | 'spool' | 'nowhere'
  readonly error?: unknown
}

/** Faults of a draft: another ledger would refuse it too. */
const ABOUT_THE_DRAFT: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid-draft',
  'draft-too-large',
  'id-conflict',
  'recipient-refused',
])
const FIRST_TRY_MILLIS = 500
const LAST_TRY_MILLIS = 30_000

export function createRecorder(parts: RecorderParts): Recorder {
  const { ledger, spool, policies, producer_id, clock, alarm } = parts
  /** Numbers of drafts that were surely not recorded, and did not fail for want of a ledger. */
  const unused: number[] = []
  let next = 0
  let period: Period | undefined
  let resuming: Promise<void> | undefined
  let trying: { stop(): void } | undefined
  if (spool !== undefined && spool.waiting() > 0) degrade('left-over')

  function numbered(draft: Draft): Draft & { producer_seq: number } {
    return { ...draft, producer_id, producer_seq: unused.shift() ?? next++ }
  }

  async function record(kind: StepKind, phase: Phase, draft: Draft): Promise<void> {
    const made = numbered(draft)
    const { kept, error } = await deliver(kind, phase, made)
    if (kept === 'nowhere' && isAboutDraft(error)) unused.push(made.producer_seq)
    else if (kept === 'nowhere') period?.refusedNumbers.push(made.producer_seq)
    if (error !== undefined) throw error
  }

  async function deliver(kind: StepKind, phase: Phase, draft: Draft): Promise<Delivered> {
    try {
      if (period !== undefined) {
        // Nobody waits for a ledger that is known to take nothing, where there is another place.
        if (policies[kind] === 'spool') return await keep(draft)
        await resume()
      }
      await ledger.append(draft)
      return { kept: 'ledger' }
    } catch (error) {
      if (isAboutDraft(error)) return { kept: 'nowhere', error }
      degrade(reasonOf(error))
      return fallBack(kind, phase, draft, error)
    }
  }

  // What blocks is told to the agent also where it is kept: by then the step has happened.
  async function fallBack(kind: StepKind, phase: Phase, draft: Draft, error: unknown): Promise<Delivered> {
    const blocks = policies[kind] === 'block'
    if (spool === undefined || (blocks && phase === 'before')) return { kept: 'nowhere', error }
    try {
      const { kept } = await keep(draft)
      return blocks ? { kept, error } : { kept }
    } catch (full) {
      return { kept: 'nowhere', error: full }
    }
  }

  async function keep(draft: Draft): Promise<Delivered> {
    if (spool === undefined) throw new TypeError('a spool that is not there was asked for; this is a bug')
    await spool.put(draft)
    degrade('left-over')
    if (period !== undefined) period.spooled++
    return { kept: 'spool' }
  }

  function degrade(reason: string): void {
    if (period !== undefined) return
    const since = formatTimestamp(Math.floor(clock.now()))
    const announcement = own('logging_degraded', { since, reason })
    period = { announcement, since, reason, refusedNumbers: [], spooled: 0, end: undefined }
    if (spool !== undefined) tryLater(FIRST_TRY_MILLIS)
  }

  function own(action: 'logging_degraded' | 'logging_resumed', details: Draft['details']): Draft {
    return numbered({
      id: parts.newId(),
      timestamp: formatTimestamp(Math.floor(clock.now())),
      action,
      actor_id: producer_id,
      actor_type: 'system',
      ...(details === undefined ? {} : { details }),
    })
  }

  function tryLater(millis: number): void {
    trying = alarm(millis, () => {
      resume().catch(() => tryLater(Math.min(2 * millis, LAST_TRY_MILLIS)))
    })
  }

  function resume(): Promise<void> {
    resuming ??= tellPeriod().finally(() => {
      resuming = undefined
    })
    return resuming
  }

  async function tellPeriod(): Promise<void> {
    if (period === undefined) return
    await ledger.append(period.announcement)
    await spool?.forward()
    const { since, reason, refusedNumbers, spooled } = period
    period.end ??= own('logging_resumed', {
      since,
      until: formatTimestamp(Math.floor(clock.now())),
      reason,
      refused: refusedNumbers.length,
      refused_seqs: rangesOf(refusedNumbers),
      spooled,
    })
    await ledger.append(period.end)
    // What was put there while the rest was told.
    await spool?.forward()
    trying?.stop()
    period = undefined
  }

  return {
    record,
    async recordOnce(kind, draft) {
      const { error } = await deliver(kind, 'before', draft)
      if (error !== undefined) throw error
    },
    degraded: () => period && { ...shown(period) },
    async close() {
      trying?.stop()
      try {
        await resume()
      } finally {
        trying?.stop()
        await spool?.close()
      }
    },
  }
}

function shown({ since, reason, refusedNumbers, spooled }: Period): DegradedPeriod {
  return { since, reason, refused: refusedNumbers.length, spooled }
}

function isAboutDraft(error: unknown): boolean {
  return error instanceof LedgerError && ABOUT_THE_DRAFT.has(error.code)
}

function reasonOf(error: unknown): string {
  return error instanceof LedgerError ? error.code : 'unknown'
}
