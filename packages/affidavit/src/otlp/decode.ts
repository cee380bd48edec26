// A request body becomes items (spec/otlp.md §2). Pure.

import type { JsonValue } from '../bytes/json.ts'
import { ItemFault, OtlpFault } from './fault.ts'
import { MAX_ITEMS, MAX_REQUEST_BYTES } from './limits.ts'
import { EXPORTS } from './protobuf-fields.ts'
import { readLogRecord, readResource, readScope, readSpan } from './read-items.ts'
import { readJson } from './read-json.ts'
import { readProtobuf } from './read-protobuf.ts'
import { type JsonObject, listIn, memberOf, objectAt, textIn } from './read-value.ts'
import type { Item, Resource, Scope, Signal } from './telemetry.ts'

export type Encoding = 'protobuf' | 'json'

export interface Decoded {
  readonly items: readonly DecodedItem[]
  readonly refused: readonly RefusedItem[]
}

export interface DecodedItem extends Placed {
  readonly item: Item
}

/** Permanently: it would be refused again. */
export interface RefusedItem extends Placed {
  /** `resourceSpans[0].scopeSpans[0].spans[3].traceId` */
  readonly path: string
  readonly problem: string
}

/** An item in the form of OTLP/JSON, and what it stood in. */
export interface Placed {
  readonly raw: { readonly resource: JsonObject; readonly scope: JsonObject; readonly item: JsonValue }
}

const NAMES = {
  traces: { resources: 'resourceSpans', scopes: 'scopeSpans', items: 'spans' },
  logs: { resources: 'resourceLogs', scopes: 'scopeLogs', items: 'logRecords' },
} as const

/** @throws OtlpFault where the body as a whole is no telemetry, or too much of it */
export function decode(body: Uint8Array, signal: Signal, encoding: Encoding): Decoded {
  if (body.length > MAX_REQUEST_BYTES) {
    throw new OtlpFault(
      'too-large',
      '',
      `has ${body.length} bytes; at most ${MAX_REQUEST_BYTES} are taken, send smaller batches`,
    )
  }
  const root = encoding === 'json' ? readJson(body) : readProtobuf(body, EXPORTS[signal])
  const items: DecodedItem[] = []
  const refused: RefusedItem[] = []
  try {
    for (const place of placesIn(root, signal)) {
      if (items.length + refused.length === MAX_ITEMS) {
        throw new OtlpFault('too-large', '', `has more than ${MAX_ITEMS} items; send smaller batches`)
      }
      const { raw } = place
      try {
        items.push({ raw, item: readItem(place, signal) })
      } catch (error) {
        if (!(error instanceof ItemFault)) throw error
        refused.push({ raw, path: error.path, problem: error.problem })
      }
    }
  } catch (error) {
    // What holds items is broken, and with it all of them.
    if (error instanceof ItemFault) throw new OtlpFault('malformed', error.path, error.problem)
    throw error
  }
  return { items, refused }
}

interface Place extends Placed {
  readonly path: string
  readonly resource: Resource
  readonly scope: Scope
}

function readItem({ raw, path, resource, scope }: Place, signal: Signal): Item {
  return signal === 'traces'
    ? readSpan(raw.item, path, resource, scope)
    : readLogRecord(raw.item, path, resource, scope)
}

function* placesIn(root: JsonObject, signal: Signal): Generator<Place> {
  const names = NAMES[signal]
  for (const [r, one] of listIn(root, names.resources, '').entries()) {
    const above = `${names.resources}[${r}]`
    const group = objectAt(one, above)
    const resource = readResource(memberOf(group, 'resource'), textIn(group, 'schemaUrl', above), `${above}.resource`)
    for (const [s, other] of listIn(group, names.scopes, above).entries()) {
      const within = `${above}.${names.scopes}[${s}]`
      const inner = objectAt(other, within)
      const scope = readScope(memberOf(inner, 'scope'), textIn(inner, 'schemaUrl', within), `${within}.scope`)
      const raw = { resource: without(group, names.scopes), scope: without(inner, names.items) }
      for (const [i, item] of listIn(inner, names.items, within).entries()) {
        yield { raw: { ...raw, item }, path: `${within}.${names.items}[${i}]`, resource, scope }
      }
    }
  }
}

function without(object: JsonObject, name: string): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([member]) => member !== name))
}
