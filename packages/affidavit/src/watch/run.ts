// One run of a watcher, from the first byte that is read to the state that is durable (spec/watch.md §2).

import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { DocumentFault } from '../documents/fault.ts'
import type { Place } from '../embedded/place.ts'
import { notRecorded, type Recording, recordVerification } from '../embedded/record-verification.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reader } from '../ledger/reader.ts'
import { VerifyError } from '../verify/error.ts'
import type { Report } from '../verify/report.ts'
import { afterFault, afterVerdict, isCompleteDue, type Rules, withoutFaults, worstOf } from './judge-run.ts'
import type { Memory } from './memory.ts'
import { dueAfter, dueAfterFault, type Schedule } from './schedule.ts'
import type { WatchState, WatchVerdict } from './state.ts'
import { verdictOf, worst } from './verdict.ts'
import { type Against, verifyRun } from './verify-run.ts'

export interface RunParts {
  readonly place: Place
  readonly against: Against
  readonly reader: Reader
  readonly recording: 'recorded' | 'left out'
  /** Takes the records, where the ledger is open already. */
  readonly ledger?: Pick<Ledger, 'as' | 'origin'>
  readonly memory: Memory
  readonly schedule: Schedule
  readonly rules: Rules
  readonly clock: Clock
}

/** A run that came to a verdict. */
export interface WatchRun {
  /** The worst that this run found. */
  readonly report: Report
  readonly verdict: WatchVerdict
  /** What stands, at its worst: also what the last complete run found, where this one read less. */
  readonly standing: WatchVerdict
  readonly recording: Recording
}

/**
 * Verifies once. What it found is raised before it is recorded, and remembered last.
 * @throws LedgerError, DocumentFault, VerifyError where it could not be done: that is remembered too, and raised in its time
 */
export async function runWatch(parts: RunParts): Promise<WatchRun> {
  const at = parts.clock.now()
  const homeLedger = parts.memory.begin()
  try {
    return await run(parts, at, homeLedger)
  } catch (error) {
    const code = faultCode(error)
    if (code === undefined) throw error
    const { memory, rules } = parts
    const { state, alerts } = afterFault(memory.state(), { at, code }, homeLedger, rules)
    await memory.remember({ state: tried(state, at, parts.schedule), alerts })
    throw error
  }
}

async function run(parts: RunParts, at: UnixMillis, homeLedger: string | undefined): Promise<WatchRun> {
  const { memory, rules, schedule, clock } = parts
  const { base } = memory.state()
  const complete = isCompleteDue(memory.state(), at, rules) ? 'due' : 'not due'
  const reports = await verifyRun(parts.place, parts.against, { complete, ...(base === undefined ? {} : { base }) })
  const told = verdictsOf(reports, at)
  const ledger = homeLedger ?? told.verdict.ledger
  const found = { at, ...told.verdicts, ...(reports.base === undefined ? {} : { base: reports.base }) }
  await memory.remember(afterVerdict(memory.state(), found, ledger, rules))
  const recording = await record(parts, told.report, told.verdict)
  const isMissing = !recording.recorded && isToBeRecorded(parts, told.report)
  const { state, alerts } = isMissing
    ? afterFault(memory.state(), { at: clock.now(), code: NOT_RECORDED }, ledger, rules)
    : withoutFaults(memory.state(), clock.now(), ledger)
  const last_run = { verdict: told.verdict, ...recording }
  await memory.remember({ state: tried({ ...state, last_run }, at, schedule), alerts })
  const standing = worstOf([state.complete, state.incremental].filter((one) => one !== undefined)) ?? told.verdict
  return { report: told.report, verdict: told.verdict, standing, recording }
}

/** That the ledger took no record of a run: an alert says so as of a run that failed. */
const NOT_RECORDED = 'not-recorded'

function verdictsOf(
  { incremental, complete }: { readonly incremental?: Report; readonly complete?: Report },
  at: UnixMillis,
): {
  readonly report: Report
  readonly verdict: WatchVerdict
  readonly verdicts: { readonly incremental?: WatchVerdict; readonly complete?: WatchVerdict }
} {
  const judged = [
    ...(complete === undefined ? [] : [{ run: 'complete' as const, report: complete }]),
    ...(incremental === undefined ? [] : [{ run: 'incremental' as const, report: incremental }]),
  ].map(({ run, report }) => ({ report, status: report.status, verdict: verdictOf(report, run, at) }))
  const [first, ...others] = judged
  if (first === undefined) throw new Error('unreachable: a run that verified nothing; this is a bug in affidavit')
  const { report, verdict } = worst(first, others)
  return { report, verdict, verdicts: Object.fromEntries(judged.map((one) => [one.verdict.run, one.verdict])) }
}

async function record(parts: RunParts, report: Report, { run }: WatchVerdict): Promise<Recording> {
  if (parts.recording === 'left out') return notRecorded('--no-record')
  const open = parts.ledger === undefined ? {} : { ledger: parts.ledger }
  return recordVerification(parts.place, report, parts.reader, { operation: 'watch', details: { run }, ...open })
}

// What was tampered with is left as it is, and where nothing is recorded nobody is missed.
function isToBeRecorded({ recording }: RunParts, { status }: Report): boolean {
  return recording === 'recorded' && status !== 'tampered' && status !== 'empty'
}

function tried(state: WatchState, at: UnixMillis, schedule: Schedule): WatchState {
  const { faults } = state
  const due = faults === undefined ? dueAfter(schedule, at) : dueAfterFault(schedule, at, faults.count)
  return { ...state, tried_at: formatTimestamp(at), due_at: formatTimestamp(due) }
}

/** Why a run could not be done; `undefined` for a bug of ours. */
export function faultCode(error: unknown): string | undefined {
  return error instanceof LedgerError || error instanceof DocumentFault || error instanceof VerifyError
    ? error.code
    : undefined
}
