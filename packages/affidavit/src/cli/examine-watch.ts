// What doctor says of the watcher of a ledger (spec/watch.md §6): what it found, how old that is, and what waits.

import { parseTimestamp, systemClock } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { worstOf } from '../watch/judge-run.ts'
import { countWaiting } from '../watch/outbox.ts'
import type { ReadState, WatchState } from '../watch/state.ts'
import { homeKey, readState } from '../watch/state-file.ts'
import { findingsSay } from './describe-watch.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { counted } from './output.ts'

const MINUTE = 60_000

export function examineWatch(home: string): Finding[] {
  try {
    const read = readState(home, homeKey(home))
    if (read === undefined) return [ok('watch', 'nobody watches it; affidavit watch verifies it on a schedule')]
    return [...findingsOf(read), ...waitingFinding(countWaiting(home))]
  } catch (error) {
    if (error instanceof LedgerError) return [fail('watch', error.problem, error.cure)]
    throw error
  }
}

function findingsOf(read: ReadState): Finding[] {
  switch (read.from) {
    case 'altered':
      return [fail('watch', 'somebody else wrote what the watcher remembers', 'affidavit watch reads everything anew')]
    case 'other':
      return [warn('watch', 'what the watcher remembers is of other keys', 'affidavit watch reads everything anew')]
    case 'own':
    case 'unkeyed':
      return [lastRunFinding(read.state), ...overdueFinding(read.state), ...faultFinding(read.state)]
  }
}

function lastRunFinding({ last_run, complete, incremental, last_violation }: WatchState): Finding {
  const standing = worstOf([complete, incremental].filter((one) => one !== undefined))
  if (last_run === undefined || standing === undefined)
    return warn('watch', 'no run was done yet', 'affidavit watch --once')
  const last = `last run ${last_run.verdict.at}${agoOf(last_run.verdict.at)}, all of it read ${complete?.at ?? 'never'}`
  if (standing.status === 'tampered')
    return fail(
      'watch',
      `TAMPERED since ${standing.at}: ${findingsSay(standing)}; ${last}`,
      'affidavit verify shows what and where',
    )
  const violation =
    last_violation === undefined ? '' : `; last violation ${last_violation.at}: ${findingsSay(last_violation)}`
  if (standing.status !== 'valid')
    return warn(
      'watch',
      `${standing.status}: ${findingsSay(standing)}; ${last}${violation}`,
      'affidavit verify shows what and where',
    )
  if (!last_run.recorded)
    return warn(
      'watch',
      `valid, ${last}, not recorded: ${last_run.not_recorded_because}${violation}`,
      'let it be recorded',
    )
  return ok('watch', `valid, ${last}${violation}`)
}

function overdueFinding({ tried_at = '', due_at = '' }: WatchState): Finding[] {
  const [tried, due, now] = [parseTimestamp(tried_at) ?? 0, parseTimestamp(due_at) ?? 0, systemClock.now()]
  // As long again as from one run to the next.
  if (now <= due + Math.max(MINUTE, due - tried)) return []
  return [
    warn('watch', `a run was due at ${due_at}${agoOf(due_at)}`, 'start affidavit watch again: it catches up at once'),
  ]
}

function faultFinding({ faults }: WatchState): Finding[] {
  if (faults === undefined) return []
  const says = `${counted(faults.count, 'run')} failed since ${faults.since}: ${faults.code}`
  return [fail('watch', says, 'affidavit verify says what is in the way')]
}

function waitingFinding(waiting: number): Finding[] {
  if (waiting === 0) return []
  const says = `${counted(waiting, 'alert')} that nobody has taken yet`
  return [warn('watch alerts', says, 'affidavit watch --webhook URL delivers them; see that the receiver answers')]
}

function agoOf(at: string): string {
  const minutes = Math.floor((systemClock.now() - (parseTimestamp(at) ?? 0)) / MINUTE)
  if (minutes < 1) return ''
  return minutes < 120 ? ` (${minutes} min ago)` : ` (${Math.floor(minutes / 60)} h ago)`
}
