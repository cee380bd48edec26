// What a watcher remembers from run to run (spec/watch.md §3): a header line, the state as JSON, and a keyed digest over both.
// Pure; who edits it gains no more than a complete run.

import { type KeyObject, timingSafeEqual } from 'node:crypto'

import Type from 'typebox'
import { Check } from 'typebox/value'

import { isJson } from '../bytes/is-json.ts'
import { hkdfSha256 } from '../crypto/hkdf.ts'
import { hmacSha256Hex } from '../crypto/sha256.ts'
import type { Status } from '../verify/report.ts'

/** What one verification said, and nothing of what it read. */
export interface WatchVerdict {
  readonly run: 'incremental' | 'complete'
  /** When it began. */
  readonly at: string
  readonly status: Status
  readonly ledger?: string
  readonly records_checked: number
  readonly as_of_seq?: number
  /** Each kind of finding of the worst weight: how often, as far as a report lists them, and the first place. */
  readonly findings: readonly { readonly code: string; readonly count: number; readonly seq?: number }[]
  /** Of every weight. */
  readonly findings_count: number
}

export interface WatchState {
  /** Runs that came to a verdict. */
  readonly runs: number
  readonly last_run?: {
    /** The worst that it found. */
    readonly verdict: WatchVerdict
    readonly recorded: boolean
    readonly not_recorded_because?: string
  }
  /** When the last run began, also one that failed, and when the next one is due. */
  readonly tried_at?: string
  readonly due_at?: string
  /** What the last verifications said; the incremental one is not older than the complete one. */
  readonly complete?: WatchVerdict
  readonly incremental?: WatchVerdict
  readonly last_violation?: WatchVerdict
  /** The newest checkpoint that was vouched for. */
  readonly base?: { readonly ledger: string; readonly size: number; readonly note: string }
  /** Runs that failed, one behind the other, up to now. */
  readonly faults?: { readonly count: number; readonly code: string; readonly since: string }
  /** What was raised, and was not taken back. */
  readonly raised: {
    readonly verdict?: { readonly fingerprint: string; readonly at: string }
    readonly faults?: { readonly at: string }
  }
  readonly next_alert: number
}

const time = Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$' })
const count = Type.Integer({ minimum: 0 })
const text = Type.String()
const exact = { additionalProperties: false }

const verdict = Type.Object(
  {
    run: Type.Union([Type.Literal('incremental'), Type.Literal('complete')]),
    at: time,
    status: Type.Union([
      Type.Literal('valid'),
      Type.Literal('tampered'),
      Type.Literal('incomplete'),
      Type.Literal('empty'),
    ]),
    ledger: Type.Optional(text),
    records_checked: count,
    as_of_seq: Type.Optional(count),
    findings: Type.Array(Type.Object({ code: text, count, seq: Type.Optional(Type.Integer()) }, exact)),
    findings_count: count,
  },
  exact,
)

const stateSchema = Type.Object(
  {
    runs: count,
    last_run: Type.Optional(
      Type.Object({ verdict, recorded: Type.Boolean(), not_recorded_because: Type.Optional(text) }, exact),
    ),
    tried_at: Type.Optional(time),
    due_at: Type.Optional(time),
    complete: Type.Optional(verdict),
    incremental: Type.Optional(verdict),
    last_violation: Type.Optional(verdict),
    base: Type.Optional(Type.Object({ ledger: text, size: count, note: text }, exact)),
    faults: Type.Optional(Type.Object({ count: Type.Integer({ minimum: 1 }), code: text, since: time }, exact)),
    raised: Type.Object(
      {
        verdict: Type.Optional(Type.Object({ fingerprint: text, at: time }, exact)),
        faults: Type.Optional(Type.Object({ at: time }, exact)),
      },
      exact,
    ),
    next_alert: Type.Integer({ minimum: 1 }),
  },
  exact,
)

export const NEW_STATE: WatchState = { runs: 0, raised: {}, next_alert: 1 }

const HEADER = 'affidavit watch state v1'

/** The key of a home, which tells its own state from any other. */
export interface StateKey {
  readonly key: KeyObject
  /** Says of a key whether it is the one, and nothing else about it. */
  readonly check: string
}

export function stateKey(digestKey: KeyObject): StateKey {
  const key = hkdfSha256([digestKey], HEADER)
  return { key, check: hmacSha256Hex(key, 'check').slice(0, 16) }
}

/** @param key `undefined` in a home without keys */
export function formatState(state: WatchState, key: StateKey | undefined): string {
  return closed(`${HEADER} ${key?.check ?? UNKEYED}\n${JSON.stringify(state)}\n`, key)
}

function closed(text: string, key: StateKey | undefined): string {
  return key === undefined ? text : `${text}${hmacSha256Hex(key.key, text)}\n`
}

const UNKEYED = 'unkeyed'

/**
 * `own`: written under this key. `unkeyed`: in a home without keys, by anybody. `other`: under another key, as before a restore.
 * `altered`: by somebody else.
 */
export type ReadState =
  | { readonly from: 'own'; readonly state: WatchState }
  | { readonly from: 'unkeyed'; readonly state: WatchState }
  | { readonly from: 'other' }
  | { readonly from: 'altered' }

export function parseState(written: string, key: StateKey | undefined): ReadState {
  const [header = '', json = ''] = written.split('\n', 2)
  const check = header.startsWith(`${HEADER} `) ? header.slice(HEADER.length + 1) : undefined
  if (check === undefined || !/^(unkeyed|[0-9a-f]{16})$/.test(check)) return { from: 'altered' }
  if (check !== (key?.check ?? UNKEYED)) return { from: 'other' }
  if (!sameText(written, closed(`${header}\n${json}\n`, key))) return { from: 'altered' }
  const state: unknown = isJson(json) ? JSON.parse(json) : undefined
  if (!Check(stateSchema, state)) return { from: 'altered' }
  return { from: key === undefined ? 'unkeyed' : 'own', state }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
