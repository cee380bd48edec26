// Spans and log records of OTLP/JSON, read (spec/otlp.md §2). One that is none is refused by itself.

import type { JsonValue } from '../bytes/json.ts'
import { ItemFault } from './fault.ts'
import {
  attributesIn,
  type JsonObject,
  listIn,
  memberOf,
  nanosIn,
  objectAt,
  plainValue,
  smallIn,
  textIn,
} from './read-value.ts'
import {
  type LogRecord,
  type Resource,
  type Scope,
  SPAN_KINDS,
  type Span,
  type SpanEvent,
  type SpanLink,
} from './telemetry.ts'

const STATUSES = ['unset', 'ok', 'error'] as const
const SAMPLED = 1

export function readResource(value: JsonValue | undefined, schemaUrl: string, path: string): Resource {
  return { attributes: value === undefined ? new Map() : attributesIn(objectAt(value, path), path), schemaUrl }
}

export function readScope(value: JsonValue | undefined, schemaUrl: string, path: string): Scope {
  const scope = value === undefined ? {} : objectAt(value, path)
  return {
    name: textIn(scope, 'name', path),
    version: textIn(scope, 'version', path),
    attributes: attributesIn(scope, path),
    schemaUrl,
  }
}

/** @throws ItemFault */
export function readSpan(value: JsonValue, path: string, resource: Resource, scope: Scope): Span {
  const span = objectAt(value, path)
  const dropped = ['droppedAttributesCount', 'droppedEventsCount', 'droppedLinksCount']
  return {
    signal: 'traces',
    ...{ resource, scope },
    traceId: idIn(span, 'traceId', 32, path) ?? missing(path, 'traceId', 32),
    spanId: idIn(span, 'spanId', 16, path) ?? missing(path, 'spanId', 16),
    parentSpanId: idIn(span, 'parentSpanId', 16, path),
    name: textIn(span, 'name', path),
    kind: SPAN_KINDS[smallIn(span, 'kind', path)] ?? 'unspecified',
    start: nanosIn(span, 'startTimeUnixNano', path),
    end: nanosIn(span, 'endTimeUnixNano', path),
    attributes: attributesIn(span, path),
    dropped: dropped.reduce((sum, name) => sum + smallIn(span, name, path), 0),
    events: listIn(span, 'events', path).map((one, i) => readEvent(one, `${path}.events[${i}]`)),
    links: listIn(span, 'links', path).map((one, i) => readLink(one, `${path}.links[${i}]`)),
    status: readStatus(span, path),
    sampled: sampledIn(span, path),
  }
}

function readEvent(value: JsonValue, path: string): SpanEvent {
  const event = objectAt(value, path)
  return {
    name: textIn(event, 'name', path),
    time: nanosIn(event, 'timeUnixNano', path),
    attributes: attributesIn(event, path),
  }
}

function readLink(value: JsonValue, path: string): SpanLink {
  const link = objectAt(value, path)
  return {
    traceId: idIn(link, 'traceId', 32, path) ?? missing(path, 'traceId', 32),
    spanId: idIn(link, 'spanId', 16, path) ?? missing(path, 'spanId', 16),
  }
}

function readStatus(span: JsonObject, path: string): Span['status'] {
  const value = memberOf(span, 'status')
  if (value === undefined) return { code: 'unset', message: '' }
  const status = objectAt(value, `${path}.status`)
  const code = STATUSES[smallIn(status, 'code', `${path}.status`)] ?? 'unset'
  return { code, message: textIn(status, 'message', `${path}.status`) }
}

/** @throws ItemFault */
export function readLogRecord(value: JsonValue, path: string, resource: Resource, scope: Scope): LogRecord {
  const log = objectAt(value, path)
  const attributes = attributesIn(log, path)
  const body = memberOf(log, 'body')
  const named = attributes.get('event.name')
  const time = nanosIn(log, 'timeUnixNano', path)
  return {
    signal: 'logs',
    ...{ resource, scope, attributes },
    traceId: idIn(log, 'traceId', 32, path),
    spanId: idIn(log, 'spanId', 16, path),
    eventName: textIn(log, 'eventName', path) || (typeof named === 'string' ? named : ''),
    time: time === 0n ? nanosIn(log, 'observedTimeUnixNano', path) : time,
    severity: smallIn(log, 'severityNumber', path),
    body: body === undefined ? null : plainValue(body, `${path}.body`),
    dropped: smallIn(log, 'droppedAttributesCount', path),
    sampled: sampledIn(log, path),
  }
}

// The flags of an emitter that sets none are 0, and so are those of what was not sampled: nothing is concluded from that.
function sampledIn(object: JsonObject, path: string): boolean | undefined {
  const flags = smallIn(object, 'flags', path)
  return flags === 0 ? undefined : (flags & SAMPLED) !== 0
}

/** `undefined` where it is absent, empty or all zeros, which is nobody's id. */
function idIn(object: JsonObject, name: string, digits: number, path: string): string | undefined {
  const id = textIn(object, name, path).toLowerCase()
  if (id === '') return undefined
  if (id.length !== digits || !/^[0-9a-f]+$/.test(id))
    throw new ItemFault(`${path}.${name}`, `must be ${digits} hex digits`)
  return /^0+$/.test(id) ? undefined : id
}

function missing(path: string, name: string, digits: number): never {
  throw new ItemFault(`${path}.${name}`, `is missing; must be ${digits} hex digits, not all of them zeros`)
}
