// Telemetry as it was decoded, the same whatever its encoding was (spec/otlp.md §2).

import type { JsonValue } from '../bytes/json.ts'

export type Signal = 'traces' | 'logs'

/**
 * By name: what a stranger names `__proto__` is a name like any other. Integers that no double holds are texts of digits, bytes are
 * base64, and numbers that are not finite are `NaN`, `Infinity` and `-Infinity`. Texts are well-formed.
 */
export type Attributes = ReadonlyMap<string, JsonValue>

/** What was measured: a process, a service. */
export interface Resource {
  readonly attributes: Attributes
  readonly schemaUrl: string
}

/** What measured: an instrumentation. */
export interface Scope {
  readonly name: string
  readonly version: string
  readonly attributes: Attributes
  readonly schemaUrl: string
}

interface Measured {
  readonly resource: Resource
  readonly scope: Scope
  readonly attributes: Attributes
  /** Attributes, events and links that the emitter dropped. */
  readonly dropped: number
}

/** Nanoseconds since 1970; 0 where nobody said. */
export type UnixNanos = bigint

export interface Span extends Measured {
  readonly signal: 'traces'
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: SpanKind
  readonly start: UnixNanos
  readonly end: UnixNanos
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  readonly status: { readonly code: 'unset' | 'ok' | 'error'; readonly message: string }
  /** Whether the emitter's flags say that it was sampled; `undefined` where it set none. */
  readonly sampled: boolean | undefined
}

export const SPAN_KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const
export type SpanKind = (typeof SPAN_KINDS)[number]

export interface SpanEvent {
  readonly name: string
  readonly time: UnixNanos
  readonly attributes: Attributes
}

export interface SpanLink {
  readonly traceId: string
  readonly spanId: string
}

export interface LogRecord extends Measured {
  readonly signal: 'logs'
  readonly traceId: string | undefined
  readonly spanId: string | undefined
  /** Of the record, else of its `event.name`; empty where it has none. */
  readonly eventName: string
  /** When it happened; when it was noticed, where nobody said. */
  readonly time: UnixNanos
  readonly severity: number
  readonly body: JsonValue
  readonly sampled: boolean | undefined
}

export type Item = Span | LogRecord
