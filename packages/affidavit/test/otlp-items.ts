// Spans and log records for tests, decoded from what an emitter would send.

import assert from 'node:assert/strict'

import type { JsonValue } from '../src/bytes/json.ts'
import { decode } from '../src/otlp/decode.ts'
import type { About, Dialect, Step } from '../src/otlp/step.ts'
import type { Item, LogRecord, Signal, Span } from '../src/otlp/telemetry.ts'
import { ownBody } from './otlp-bodies.ts'

export type Told = { readonly [name: string]: JsonValue }

const PLACE = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }

export function spanOf(attributes: Told, span: object = {}, scope: object = {}): Span {
  const spans = [{ ...PLACE, ...written(attributes), ...span }]
  const item = only({ resourceSpans: [{ scopeSpans: [{ scope, spans }] }] }, 'traces')
  assert.ok(item.signal === 'traces')
  return item
}

export function logOf(attributes: Told, record: object = {}, scope: object = {}): LogRecord {
  const logRecords = [{ ...written(attributes), ...record }]
  const item = only({ resourceLogs: [{ scopeLogs: [{ scope, logRecords }] }] }, 'logs')
  assert.ok(item.signal === 'logs')
  return item
}

/** The items of a body of ours, in its order. */
export function itemsIn(file: string, signal: Signal): readonly Item[] {
  const { items, refused } = decode(ownBody(file), signal, 'json')
  assert.deepEqual(refused, [])
  return items.map(({ item }) => item)
}

export function onlyStep(dialect: Dialect, item: Item): Step {
  const { steps } = read(dialect, item)
  const [step] = steps
  assert.ok(step !== undefined && steps.length === 1, `${steps.length} steps`)
  return step
}

export function aboutOf(dialect: Dialect, item: Item): About {
  return read(dialect, item).about
}

export function read(dialect: Dialect, item: Item): ReturnType<Dialect['read']> {
  assert.ok(dialect.recognises(item), `${dialect.name} does not know the item`)
  return dialect.read(item)
}

/** Without the members that are not there: what a dialect has nothing to say about. */
export function said(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(said)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, said(member)]))
}

function only(body: object, signal: Signal): Item {
  const { items, refused } = decode(Buffer.from(JSON.stringify(body)), signal, 'json')
  const [first] = items
  assert.ok(
    first !== undefined && items.length === 1,
    JSON.stringify(refused.map(({ path, problem }) => [path, problem])),
  )
  return first.item
}

function written(attributes: Told): object {
  return { attributes: Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) })) }
}

function anyValue(value: JsonValue): object {
  if (value === null) return {}
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  switch (typeof value) {
    case 'string':
      return { stringValue: value }
    case 'boolean':
      return { boolValue: value }
    case 'number':
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
    default:
      return { kvlistValue: { values: Object.entries(value).map(([key, one]) => ({ key, value: anyValue(one) })) } }
  }
}
