// The messages of OTLP by their field numbers (opentelemetry-proto, stable since 1.0), under the names that OTLP/JSON has.

export type FieldType =
  | 'string'
  | 'bool'
  | 'int64'
  | 'uint32'
  | 'fixed32'
  | 'fixed64'
  | 'double'
  | 'bytes'
  | 'id'
  | MessageType

export interface Field {
  readonly name: string
  readonly type: FieldType
  readonly repeated: boolean
}

export interface MessageType {
  /** Whether the fields exclude each other: the last one counts. */
  readonly oneOf: boolean
  readonly fields: ReadonlyMap<number, Field>
}

type Table = { readonly [no: number]: readonly [name: string, type: FieldType, repeated?: 'repeated'] }

function message(table: Table): MessageType {
  return { oneOf: false, fields: fieldsOf(table) }
}

function fieldsOf(table: Table): ReadonlyMap<number, Field> {
  const rows = Object.entries(table)
  return new Map(
    rows.map(([no, [name, type, repeated]]) => [Number(no), { name, type, repeated: repeated !== undefined }]),
  )
}

// A value may hold lists and maps of values: its fields are filled in when these are known.
const anyValueFields = new Map<number, Field>()
const ANY_VALUE: MessageType = { oneOf: true, fields: anyValueFields }
const KEY_VALUE = message({ 1: ['key', 'string'], 2: ['value', ANY_VALUE] })
const ARRAY_VALUE = message({ 1: ['values', ANY_VALUE, 'repeated'] })
const KEY_VALUE_LIST = message({ 1: ['values', KEY_VALUE, 'repeated'] })
for (const [no, field] of fieldsOf({
  1: ['stringValue', 'string'],
  2: ['boolValue', 'bool'],
  3: ['intValue', 'int64'],
  4: ['doubleValue', 'double'],
  5: ['arrayValue', ARRAY_VALUE],
  6: ['kvlistValue', KEY_VALUE_LIST],
  7: ['bytesValue', 'bytes'],
})) {
  anyValueFields.set(no, field)
}

const RESOURCE = message({
  1: ['attributes', KEY_VALUE, 'repeated'],
  2: ['droppedAttributesCount', 'uint32'],
})
const SCOPE = message({
  1: ['name', 'string'],
  2: ['version', 'string'],
  3: ['attributes', KEY_VALUE, 'repeated'],
  4: ['droppedAttributesCount', 'uint32'],
})
const EVENT = message({
  1: ['timeUnixNano', 'fixed64'],
  2: ['name', 'string'],
  3: ['attributes', KEY_VALUE, 'repeated'],
  4: ['droppedAttributesCount', 'uint32'],
})
const LINK = message({
  1: ['traceId', 'id'],
  2: ['spanId', 'id'],
  3: ['traceState', 'string'],
  4: ['attributes', KEY_VALUE, 'repeated'],
  5: ['droppedAttributesCount', 'uint32'],
  6: ['flags', 'fixed32'],
})
const STATUS = message({ 2: ['message', 'string'], 3: ['code', 'uint32'] })
const SPAN = message({
  1: ['traceId', 'id'],
  2: ['spanId', 'id'],
  3: ['traceState', 'string'],
  4: ['parentSpanId', 'id'],
  5: ['name', 'string'],
  6: ['kind', 'uint32'],
  7: ['startTimeUnixNano', 'fixed64'],
  8: ['endTimeUnixNano', 'fixed64'],
  9: ['attributes', KEY_VALUE, 'repeated'],
  10: ['droppedAttributesCount', 'uint32'],
  11: ['events', EVENT, 'repeated'],
  12: ['droppedEventsCount', 'uint32'],
  13: ['links', LINK, 'repeated'],
  14: ['droppedLinksCount', 'uint32'],
  15: ['status', STATUS],
  16: ['flags', 'fixed32'],
})
const LOG_RECORD = message({
  1: ['timeUnixNano', 'fixed64'],
  2: ['severityNumber', 'uint32'],
  3: ['severityText', 'string'],
  5: ['body', ANY_VALUE],
  6: ['attributes', KEY_VALUE, 'repeated'],
  7: ['droppedAttributesCount', 'uint32'],
  8: ['flags', 'fixed32'],
  9: ['traceId', 'id'],
  10: ['spanId', 'id'],
  11: ['observedTimeUnixNano', 'fixed64'],
  12: ['eventName', 'string'],
})
const SCOPE_SPANS = message({ 1: ['scope', SCOPE], 2: ['spans', SPAN, 'repeated'], 3: ['schemaUrl', 'string'] })
const SCOPE_LOGS = message({
  1: ['scope', SCOPE],
  2: ['logRecords', LOG_RECORD, 'repeated'],
  3: ['schemaUrl', 'string'],
})
const RESOURCE_SPANS = message({
  1: ['resource', RESOURCE],
  2: ['scopeSpans', SCOPE_SPANS, 'repeated'],
  3: ['schemaUrl', 'string'],
})
const RESOURCE_LOGS = message({
  1: ['resource', RESOURCE],
  2: ['scopeLogs', SCOPE_LOGS, 'repeated'],
  3: ['schemaUrl', 'string'],
})

/** The body of `POST /v1/traces`, and of `POST /v1/logs`. */
export const EXPORTS: Readonly<Record<'traces' | 'logs', MessageType>> = {
  traces: message({ 1: ['resourceSpans', RESOURCE_SPANS, 'repeated'] }),
  logs: message({ 1: ['resourceLogs', RESOURCE_LOGS, 'repeated'] }),
}
