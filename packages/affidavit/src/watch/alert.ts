// What an alert says (spec/watch.md §4): codes, counts and places; no content, no id of a record or a person, no path. Pure.

import { sha256Hex } from '../crypto/sha256.ts'
import type { WatchState, WatchVerdict } from './state.ts'

export type AlertBody =
  /** Tampering was found. */
  | { readonly type: 'watch.violation'; readonly data: { readonly verdicts: readonly WatchVerdict[] } }
  /** No tampering was found, and the ledger is not verified either: something is missing, or not trusted. */
  | { readonly type: 'watch.not_verified'; readonly data: { readonly verdicts: readonly WatchVerdict[] } }
  /** What was raised before is found no more. */
  | { readonly type: 'watch.recovered'; readonly data: { readonly verdicts: readonly WatchVerdict[] } }
  /** Runs failed, one behind the other: nothing is known of the ledger since. */
  | { readonly type: 'watch.not_done'; readonly data: Faults }
  | { readonly type: 'watch.resumed'; readonly data: Faults }
  /** Somebody else wrote what the watcher remembers; it begins anew with a complete run. */
  | { readonly type: 'watch.state_altered'; readonly data: Readonly<Record<never, never>> }

type Faults = NonNullable<WatchState['faults']>

/** One alert, as it is kept and sent. */
export interface Alert {
  /** The same for the same alert, however often a crash lets it be sent. */
  readonly id: string
  /** Counted from 1: a number that never comes is an alert that somebody took away. */
  readonly number: number
  readonly type: AlertBody['type']
  /** The text that is sent: JSON. */
  readonly text: string
}

export interface AlertContext {
  /** Of the home; absent where it has no keys, and nothing was read yet. */
  readonly ledger: string | undefined
  readonly at: string
  readonly state: Pick<WatchState, 'runs' | 'next_alert'>
}

export function makeAlert({ type, data }: AlertBody, { ledger, at, state }: AlertContext): Alert {
  const number = state.next_alert
  const text = JSON.stringify({
    type,
    timestamp: at,
    data: { ...(ledger === undefined ? {} : { ledger }), number, ...data },
  })
  const told = JSON.stringify([type, ledger, number, state.runs, data], (name, value) =>
    PASSING.has(name) ? undefined : value,
  )
  return { id: `watch_${sha256Hex(told).slice(0, 32)}`, number, type, text }
}

// After a crash, what was found is found once more, at another time and in a ledger that has grown.
const PASSING: ReadonlySet<string> = new Set(['at', 'since', 'as_of_seq', 'records_checked', 'findings_count'])
