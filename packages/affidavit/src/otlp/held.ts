// Content of calls that came before the span of its call (spec/otlp.md §4). It is on record already, as it was received; here it waits to
// be told with its call.

import type { About, CallContent } from './step.ts'
import type { LogRecord } from './telemetry.ts'

export interface HeldLog {
  readonly item: LogRecord
  readonly dialect: string
  readonly about: About
  readonly digest: string
  readonly contents: readonly CallContent[]
}

export interface HeldCall {
  readonly key: string
  /** Of the first that came. */
  readonly since: number
  readonly logs: readonly HeldLog[]
}

export interface Held {
  add(log: HeldLog, now: number): void
  of(traceId: string, spanId: string): HeldCall | undefined
  /** What waits no longer: since before that time, or because too much waits. */
  due(before: number): readonly HeldCall[]
  /** It has been told. What came meanwhile stays. */
  told(call: HeldCall): void
}

/** Calls that wait at most; the oldest is due at once beyond. */
const MAX_CALLS = 10_000
/** Logs of one call. */
const MAX_LOGS = 1_000

export function createHeld(): Held {
  const calls = new Map<string, HeldCall>()
  return {
    add(log, now) {
      const key = keyOf(log.item.traceId ?? '', log.item.spanId ?? '')
      const { since, logs } = calls.get(key) ?? { since: now, logs: [] }
      if (logs.length >= MAX_LOGS || logs.some(({ digest }) => digest === log.digest)) return
      calls.set(key, { key, since, logs: inOrder([...logs, log]) })
    },
    of: (traceId, spanId) => calls.get(keyOf(traceId, spanId)),
    due: (before) => {
      const all = [...calls.values()]
      const tooMany = all.slice(0, Math.max(0, all.length - MAX_CALLS))
      return [...new Set([...tooMany, ...all.filter(({ since }) => since < before)])]
    },
    told({ key, logs, since }) {
      const left = calls.get(key)?.logs.filter((log) => !logs.includes(log)) ?? []
      if (left.length === 0) calls.delete(key)
      else calls.set(key, { key, since, logs: left })
    },
  }
}

function keyOf(traceId: string, spanId: string): string {
  return `${traceId} ${spanId}`
}

// By their own times, else as they came.
function inOrder(logs: readonly HeldLog[]): readonly HeldLog[] {
  return logs.toSorted(({ item: one }, { item: other }) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0))
}
