// A keyed digest of one item: the same item, whoever sends it again in whichever encoding (spec/otlp.md §6). It holds times to the
// nanosecond, which no record does: whoever has a record and the key still cannot try texts.

import type { JsonValue } from '../bytes/json.ts'
import { canonicalText } from '../capture/canonical-text.ts'
import type { Attributes, Item } from './telemetry.ts'
import type { TelemetryLedger } from './telemetry-ledger.ts'

/** Without what it was collected with: a collector adds attributes to resources. */
export function digestOf(item: Item, { digest }: Pick<TelemetryLedger, 'digest'>): string {
  const { signal, scope, traceId = '', spanId = '' } = item
  const told = item.signal === 'traces' ? spanOf(item) : logOf(item)
  return digest(canonicalText(JSON.stringify({ signal, scope: scope.name, traceId, spanId, ...told })))
}

function spanOf(span: Extract<Item, { signal: 'traces' }>): object {
  const { name, kind, start, end, attributes, events, status, parentSpanId } = span
  return {
    ...{ name, kind, status, parentSpanId },
    ...{ start: String(start), end: String(end), attributes: pairs(attributes) },
    events: events.map((event) => ({
      name: event.name,
      time: String(event.time),
      attributes: pairs(event.attributes),
    })),
  }
}

function logOf({ eventName, time, severity, body, attributes }: Extract<Item, { signal: 'logs' }>): object {
  return { eventName, time: String(time), severity, body, attributes: pairs(attributes) }
}

function pairs(attributes: Attributes): readonly (readonly [string, JsonValue])[] {
  return [...attributes].sort(([one], [other]) => (one < other ? -1 : 1))
}
