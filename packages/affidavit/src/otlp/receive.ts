// OTLP becomes records (spec/otlp.md). Everything that a request says is durable before its answer.

import type { Clock } from '../clock/clock.ts'
import { type LedgerError, unreachable } from '../errors/ledger-error.ts'
import { createClaims } from './claims.ts'
import { type Decoded, decode } from './decode.ts'
import { DIALECTS } from './dialects.ts'
import { OtlpFault } from './fault.ts'
import { createHeld, type HeldCall } from './held.ts'
import { type Planned, planHeld, planRecords } from './plan-records.ts'
import { type ReadItem, readRequest } from './read-request.ts'
import { type Receipt, type Request, receiptAbout, receiptsOf, refusalOf } from './receipt.ts'
import { recordOnce } from './record-once.ts'
import { logsReceived } from './resume.ts'
import { callId, type Once } from './setting.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'
import { createTraces } from './traces.ts'

export interface Received {
  /** Spans or log records. */
  readonly accepted: number
  /** Refused for good, and on record as such. */
  readonly rejected: number
  /** Why, of the first; empty where none was refused. */
  readonly message: string
}

export interface Receiver {
  /**
   * Resolves when everything that the request says is durable. The same request, sent again, adds nothing.
   * @throws OtlpFault where the body is no telemetry, which is on record then, or too much of it, which is not. LedgerError where the
   *   ledger cannot record: the emitter is to send it again
   */
  receive(request: Request): Promise<Received>
  /** Tells what waits for the spans of its calls longer than it should, or all of it. @throws LedgerError; what was not told waits on */
  tellWaiting(which: 'overdue' | 'all'): Promise<void>
  /** Tells all that waits, and takes no more. */
  close(): Promise<void>
}

export interface ReceiverParts {
  readonly ledger: TelemetryLedger
  readonly clock: Clock
  /** What waited could not be told: it waits on. */
  onFault(error: LedgerError): void
}

/** Emitters send logs each second, and spans each five. */
const PATIENCE_MILLIS = 30_000

export function createReceiver({ ledger, clock, onFault }: ReceiverParts): Receiver {
  const [traces, held, claims] = [createTraces(), createHeld(), createClaims()]
  const parts = { ledger, traces, held }
  const timer = setInterval(() => void tellWaiting('overdue').catch(onFault), PATIENCE_MILLIS / 2).unref()

  let resuming: Promise<void> | undefined

  async function receive(request: Request): Promise<Received> {
    await resumed()
    const decoded = await decodedOf(request)
    const items = readRequest(decoded, DIALECTS, ledger)
    const receipts = receiptsOf(ledger, request, items, decoded.refused.length === 0)
    if (decoded.refused.length === 0 && (await areRecorded(receipts.map(({ once }) => once))))
      return answerOf(items.length, [])
    hold(items, 'received')
    const { planned, joins } = planRecords(parts, items)
    const { refused } = await recordOnce(ledger, claims, sorted(planned))
    for (const join of joins) held.told(join)
    const unfit: ReadonlySet<Once> = new Set(refused.map(({ once }) => once))
    const lost = new Set(planned.filter(({ once }) => unfit.has(once)).map(({ from }) => from))
    const problems = [
      ...decoded.refused.map(({ path, problem }) => `${path}: ${problem}`),
      ...refused.map(({ once, problem }) => `${once.draft.action}: ${problem}`),
    ]
    const rejected = [...decoded.refused, ...items.filter((one) => lost.has(one))]
    const refusals = problems.length === 0 ? [] : [refusalOf(ledger, request, { problems, items: rejected })]
    const about = receipts.map((one) => receiptAbout(one, madeOf(one, planned)))
    await recordAll([...refusals, ...about])
    if (held.isFull()) await tellWaiting('overdue')
    return answerOf(items.length + decoded.refused.length - rejected.length, problems, rejected.length)
  }

  // What is no telemetry is kept too: its emitter will not send it again.
  async function decodedOf(request: Request): Promise<Decoded> {
    try {
      return decode(request.body, request.signal, request.encoding)
    } catch (error) {
      if (error instanceof OtlpFault && error.kind === 'malformed') {
        await recordAll([refusalOf(ledger, request, { problems: [error.message], items: undefined })])
      }
      throw error
    }
  }

  async function areRecorded(all: readonly Once[]): Promise<boolean> {
    const there = await Promise.all(all.map(({ draft }) => ledger.isRecorded(draft.id)))
    return all.length > 0 && there.every((one) => one)
  }

  // What came is in these: without them, nothing was received.
  async function recordAll(all: readonly Once[]): Promise<void> {
    const { refused } = await recordOnce(ledger, claims, all)
    if (refused.length > 0) unreachable(`the ledger refused a record of what came: ${refused[0]?.problem}`)
  }

  // Before anything is received; where the ledger cannot be read, the next request tries again.
  function resumed(): Promise<void> {
    resuming ??= resume().catch((error: unknown) => {
      resuming = undefined
      throw error
    })
    return resuming
  }

  async function resume(): Promise<void> {
    for await (const decoded of logsReceived(ledger, 2 * PATIENCE_MILLIS)) {
      hold(readRequest(decoded, DIALECTS, ledger), 'resumed')
    }
    for (const call of held.due(Number.POSITIVE_INFINITY)) if (await isTold(call)) held.told(call)
  }

  function isTold({ origin }: HeldCall): Promise<boolean> {
    return ledger.isRecorded(callId(ledger, origin))
  }

  function hold(items: readonly ReadItem[], why: 'received' | 'resumed'): void {
    for (const { item, dialect, reading, digest } of items) {
      const contents = reading.steps.filter((step) => step.kind === 'call_content')
      if (item.signal === 'traces' || dialect === undefined || contents.length === 0) continue
      held.add({ item, dialect, about: reading.about, digest, contents, isResumed: why === 'resumed' }, clock.elapsed())
    }
  }

  async function tellWaiting(which: 'overdue' | 'all'): Promise<void> {
    const before = which === 'all' ? Number.POSITIVE_INFINITY : clock.elapsed() - PATIENCE_MILLIS
    for (const call of held.due(before)) await tell(call)
  }

  async function tell(call: HeldCall): Promise<void> {
    const isDone = call.logs.every(({ isResumed }) => isResumed) && (await isTold(call))
    if (!isDone) await recordOnce(ledger, claims, sorted(planHeld(parts, call)))
    held.told(call)
  }

  return {
    receive,
    tellWaiting,
    async close() {
      clearInterval(timer)
      await tellWaiting('all')
    },
  }
}

// A conversation begins before everything else of it, and an intent stands before its outcome.
function sorted(planned: readonly Planned[]): readonly Once[] {
  const time = ({ draft }: Once): string => draft.timestamp ?? ''
  const all = planned.map(({ once }) => once)
  const starts = all.filter(({ draft }) => draft.action === 'conversation_started')
  const others = all.filter(({ draft }) => draft.action !== 'conversation_started')
  return [...starts, ...others.toSorted((one, other) => time(one).localeCompare(time(other)))]
}

function madeOf({ items }: Receipt, planned: readonly Planned[]): readonly Once['draft'][] {
  const within: ReadonlySet<Planned['from']> = new Set(items)
  return planned.filter(({ from }) => within.has(from)).map(({ once }) => once.draft)
}

function answerOf(accepted: number, problems: readonly string[], rejected = 0): Received {
  return { accepted, rejected, message: problems[0] ?? '' }
}
