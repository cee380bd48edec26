// Content of calls that came before what tells of its call (spec/otlp.md §4). It is on record already, as it was received; here it waits to
// be told with its call.

import { type Origin, originOfContent, wordsOf } from './origin.ts'
import type { About, CallContent } from './step.ts'
import type { LogRecord } from './telemetry.ts'

export interface HeldLog {
  readonly item: LogRecord
  readonly dialect: string
  readonly about: About
  readonly digest: string
  readonly contents: readonly CallContent[]
  /** Whether it waited when a process died: another one may have told it since. */
  readonly isResumed: boolean
}

export interface HeldCall {
  readonly origin: Origin
  /** By their own times, else as they came. */
  readonly logs: readonly HeldLog[]
}

export interface Held {
  add(log: HeldLog, now: number): void
  of(origin: Origin): HeldCall | undefined
  /** What waits no longer: since before that time, or because too much waits. */
  due(before: number): readonly HeldCall[]
  isFull(): boolean
  /** It has been told. What came meanwhile stays. */
  told(call: HeldCall): void
}

/** Bytes that wait, about; beyond, the oldest are due at once. */
const MAX_BYTES = 67_108_864
/** What a log takes beside its texts. */
const OVERHEAD = 1_000

interface Waiting {
  readonly origin: Origin
  /** Of the first that came. */
  readonly since: number
  /** By their digests: what is sent again waits once. */
  readonly logs: Map<string, { readonly log: HeldLog; readonly bytes: number }>
}

export function createHeld(): Held {
  const calls = new Map<string, Waiting>()
  let bytes = 0

  function callOf({ origin, logs }: Waiting): HeldCall {
    const all = [...logs.values()].map(({ log }) => log)
    return { origin, logs: all.toSorted(({ item: one }, { item: other }) => Number(one.time - other.time)) }
  }

  return {
    add(log, now) {
      const origin = originOfContent(log, log.contents)
      const key = keyOf(origin)
      const waiting = calls.get(key) ?? { origin, since: now, logs: new Map() }
      if (waiting.logs.has(log.digest)) return
      const size = OVERHEAD + 2 * JSON.stringify(log.contents).length
      waiting.logs.set(log.digest, { log, bytes: size })
      calls.set(key, waiting)
      bytes += size
    },
    of(origin) {
      const waiting = calls.get(keyOf(origin))
      return waiting === undefined ? undefined : callOf(waiting)
    },
    due(before) {
      let over = bytes - MAX_BYTES
      const due: HeldCall[] = []
      for (const waiting of calls.values()) {
        if (over <= 0 && waiting.since >= before) continue
        due.push(callOf(waiting))
        for (const one of waiting.logs.values()) over -= one.bytes
      }
      return due
    },
    isFull: () => bytes > MAX_BYTES,
    told({ origin, logs }) {
      const key = keyOf(origin)
      const waiting = calls.get(key)
      if (waiting === undefined) return
      for (const { digest } of logs) {
        bytes -= waiting.logs.get(digest)?.bytes ?? 0
        waiting.logs.delete(digest)
      }
      if (waiting.logs.size === 0) calls.delete(key)
    },
  }
}

function keyOf(origin: Origin): string {
  return JSON.stringify(wordsOf(origin))
}
