// What a run means for what a watcher remembers, and what is raised (spec/watch.md §4). Pure.

import { formatTimestamp, parseTimestamp, type UnixMillis } from '../clock/clock.ts'
import { type Alert, type AlertBody, makeAlert } from './alert.ts'
import type { WatchState, WatchVerdict } from './state.ts'
import { fingerprintOf, worst } from './verdict.ts'

export interface Rules {
  /** Complete runs begin no further apart; what stands is raised again as often. */
  readonly completeEveryMillis: number
  /** Failed runs, one behind the other, that are raised. */
  readonly alertAfterFaults: number
}

/** A run that came to a verdict. */
export interface Judged {
  readonly at: UnixMillis
  /** At least one of them. */
  readonly incremental?: WatchVerdict
  readonly complete?: WatchVerdict
  /** The newest checkpoint that it vouches for. */
  readonly base?: WatchState['base']
}

export interface Raised {
  readonly state: WatchState
  readonly alerts: readonly Alert[]
}

/** Whether everything is to be read again. */
export function isCompleteDue({ complete }: WatchState, now: UnixMillis, { completeEveryMillis }: Rules): boolean {
  if (complete === undefined || complete.status === 'tampered') return true
  return isAsLongAgo(complete.at, now, completeEveryMillis)
}

/** What a run found, and what is to be said of it. A checkpoint is built upon only where nothing was tampered with. */
export function afterVerdict(before: WatchState, judged: Judged, ledger: string | undefined, rules: Rules): Raised {
  const { at, incremental, complete, base } = judged
  const standing = { complete: complete ?? before.complete, incremental }
  const verdicts = [standing.complete, standing.incremental].filter((one) => one !== undefined)
  const found = worstOf(verdicts)
  const { base: kept, incremental: _, ...rest } = before
  const next = base ?? kept
  const state: WatchState = {
    ...rest,
    runs: before.runs + 1,
    ...(standing.complete === undefined ? {} : { complete: standing.complete }),
    ...(incremental === undefined ? {} : { incremental }),
    ...(found?.status === 'tampered' ? { last_violation: found } : {}),
    ...(next === undefined ? {} : { base: next }),
  }
  return raiseVerdict(state, { at, ledger, verdicts, found }, rules)
}

interface Standing {
  readonly at: UnixMillis
  readonly ledger: string | undefined
  readonly verdicts: readonly WatchVerdict[]
  readonly found: WatchVerdict | undefined
}

function raiseVerdict(state: WatchState, { at, ledger, verdicts, found }: Standing, rules: Rules): Raised {
  const { verdict: raised, ...others } = state.raised
  if (found === undefined || found.status === 'valid') {
    if (raised === undefined) return { state, alerts: [] }
    return raise({ ...state, raised: others }, { type: 'watch.recovered', data: { verdicts } }, { at, ledger })
  }
  const fingerprint = fingerprintOf(verdicts)
  if (raised?.fingerprint === fingerprint && !isAsLongAgo(raised.at, at, rules.completeEveryMillis))
    return { state, alerts: [] }
  const type = found.status === 'tampered' ? 'watch.violation' : 'watch.not_verified'
  const wrong = verdicts.filter(({ status }) => status !== 'valid')
  const known = { ...others, verdict: { fingerprint, at: formatTimestamp(at) } }
  return raise({ ...state, raised: known }, { type, data: { verdicts: wrong } }, { at, ledger })
}

/** A run that could not be done, or not be put on record: `code` says why. */
export function afterFault(
  before: WatchState,
  { at, code }: { readonly at: UnixMillis; readonly code: string },
  ledger: string | undefined,
  rules: Rules,
): Raised {
  const { count = 0, since = formatTimestamp(at) } = before.faults ?? {}
  const faults = { count: count + 1, code, since }
  const state = { ...before, faults }
  const { faults: raised } = before.raised
  if (faults.count < rules.alertAfterFaults) return { state, alerts: [] }
  if (raised !== undefined && !isAsLongAgo(raised.at, at, rules.completeEveryMillis)) return { state, alerts: [] }
  const known = { ...before.raised, faults: { at: formatTimestamp(at) } }
  return raise({ ...state, raised: known }, { type: 'watch.not_done', data: faults }, { at, ledger })
}

/** A run that was done, and is on record where it should be. */
export function withoutFaults(before: WatchState, at: UnixMillis, ledger: string | undefined): Raised {
  const { faults, ...state } = before
  const { faults: raised, ...others } = before.raised
  if (faults === undefined || raised === undefined) return { state, alerts: [] }
  return raise({ ...state, raised: others }, { type: 'watch.resumed', data: faults }, { at, ledger })
}

/** One more alert, and the state that has counted it. */
export function raise(
  state: WatchState,
  body: AlertBody,
  { at, ledger }: { readonly at: UnixMillis; readonly ledger: string | undefined },
): Raised {
  const alert = makeAlert(body, { ledger, at: formatTimestamp(at), state })
  return { state: { ...state, next_alert: state.next_alert + 1 }, alerts: [alert] }
}

/** What stands, at its worst. */
export function worstOf([first, ...others]: readonly WatchVerdict[]): WatchVerdict | undefined {
  return first === undefined ? undefined : worst(first, others)
}

// What is still to come was written under another clock: nothing says how long ago it was.
function isAsLongAgo(then: string, now: UnixMillis, millis: number): boolean {
  const at = parseTimestamp(then) ?? now
  return now < at || now - at >= millis
}
