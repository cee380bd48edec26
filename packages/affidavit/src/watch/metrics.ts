// What a server shows of a watcher. Pure.

import { worstOf } from './judge-run.ts'
import type { WatchState } from './state.ts'

/** Times are those of the watcher's clock. */
export interface WatchMetrics {
  /** Runs that came to a verdict, ever. */
  readonly runs: number
  /** Runs that failed since the last one that did not. */
  readonly faults: number
  readonly alerts_waiting: number
  readonly due_at?: string
  readonly last_run_at?: string
  /** What stands, at its worst. */
  readonly last_status?: 'valid' | 'tampered' | 'incomplete' | 'empty'
  readonly last_complete_at?: string
  readonly last_violation_at?: string
}

export function metricsOf(state: WatchState, alerts_waiting: number): WatchMetrics {
  const { runs, faults, due_at, last_run, complete, incremental, last_violation } = state
  const standing = worstOf([complete, incremental].filter((one) => one !== undefined))
  return {
    runs,
    faults: faults?.count ?? 0,
    alerts_waiting,
    ...(due_at === undefined ? {} : { due_at }),
    ...(last_run === undefined ? {} : { last_run_at: last_run.verdict.at }),
    ...(standing === undefined ? {} : { last_status: standing.status }),
    ...(complete === undefined ? {} : { last_complete_at: complete.at }),
    ...(last_violation === undefined ? {} : { last_violation_at: last_violation.at }),
  }
}
