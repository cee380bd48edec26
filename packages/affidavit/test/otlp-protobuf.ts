// OTLP/JSON written as OTLP/protobuf, for tests: by a table of its own, so that a wrong number in the decoder's is found.

import { BinaryWriter } from '@bufbuild/protobuf/wire'

type Value = unknown
type Members = { readonly [name: string]: Value }
type Write = (writer: BinaryWriter, no: number, value: Value) => BinaryWriter
type Table = { readonly [name: string]: readonly [no: number, write: Write] }

const [VARINT, BIT64, LENGTH, BIT32] = [0, 1, 2, 5]

const string: Write = (writer, no, value) => writer.tag(no, LENGTH).string(String(value))
const hex: Write = (writer, no, value) => writer.tag(no, LENGTH).bytes(Buffer.from(String(value), 'hex'))
const base64: Write = (writer, no, value) => writer.tag(no, LENGTH).bytes(Buffer.from(String(value), 'base64'))
const bool: Write = (writer, no, value) => writer.tag(no, VARINT).bool(value === true)
const uint32: Write = (writer, no, value) => writer.tag(no, VARINT).uint32(Number(value))
const int64: Write = (writer, no, value) => writer.tag(no, VARINT).int64(BigInt(String(value)))
const fixed32: Write = (writer, no, value) => writer.tag(no, BIT32).fixed32(Number(value))
const fixed64: Write = (writer, no, value) => writer.tag(no, BIT64).fixed64(BigInt(String(value)))
const double: Write = (writer, no, value) => writer.tag(no, BIT64).double(Number(value))

function one(table: () => Table): Write {
  return (writer, no, value) => {
    const inner = new BinaryWriter()
    for (const [name, member] of Object.entries(value as Members)) {
      const [at, write] = table()[name] ?? [0, undefined]
      if (write === undefined) throw new Error(`no field is called ${name}`)
      write(inner, at, member)
    }
    return writer.tag(no, LENGTH).bytes(inner.finish())
  }
}

function many(write: Write): Write {
  return (writer, no, values) => {
    for (const value of values as readonly Value[]) write(writer, no, value)
    return writer
  }
}

const anyValue: Write = one(() => ANY_VALUE)
const keyValue: Write = one(() => KEY_VALUE)
const KEY_VALUE: Table = { key: [1, string], value: [2, anyValue] }
const VALUES: Table = { values: [1, many(anyValue)] }
const PAIRS: Table = { values: [1, many(keyValue)] }
const ANY_VALUE: Table = {
  stringValue: [1, string],
  boolValue: [2, bool],
  intValue: [3, int64],
  doubleValue: [4, double],
  arrayValue: [5, one(() => VALUES)],
  kvlistValue: [6, one(() => PAIRS)],
  bytesValue: [7, base64],
}
const attributes = many(keyValue)
const RESOURCE: Table = { attributes: [1, attributes], droppedAttributesCount: [2, uint32] }
const SCOPE: Table = {
  name: [1, string],
  version: [2, string],
  attributes: [3, attributes],
  droppedAttributesCount: [4, uint32],
}
const EVENT: Table = {
  timeUnixNano: [1, fixed64],
  name: [2, string],
  attributes: [3, attributes],
  droppedAttributesCount: [4, uint32],
}
const LINK: Table = { traceId: [1, hex], spanId: [2, hex], traceState: [3, string], attributes: [4, attributes] }
const STATUS: Table = { message: [2, string], code: [3, uint32] }
const SPAN: Table = {
  traceId: [1, hex],
  spanId: [2, hex],
  traceState: [3, string],
  parentSpanId: [4, hex],
  name: [5, string],
  kind: [6, uint32],
  startTimeUnixNano: [7, fixed64],
  endTimeUnixNano: [8, fixed64],
  attributes: [9, attributes],
  droppedAttributesCount: [10, uint32],
  events: [11, many(one(() => EVENT))],
  droppedEventsCount: [12, uint32],
  links: [13, many(one(() => LINK))],
  droppedLinksCount: [14, uint32],
  status: [15, one(() => STATUS)],
  flags: [16, fixed32],
}
const LOG_RECORD: Table = {
  timeUnixNano: [1, fixed64],
  severityNumber: [2, uint32],
  severityText: [3, string],
  body: [5, anyValue],
  attributes: [6, attributes],
  droppedAttributesCount: [7, uint32],
  flags: [8, fixed32],
  traceId: [9, hex],
  spanId: [10, hex],
  observedTimeUnixNano: [11, fixed64],
  eventName: [12, string],
}
const within = (items: string, item: Table): Table => {
  const scopes: Table = {
    scope: [1, one(() => SCOPE)],
    [items]: [2, many(one(() => item))],
    schemaUrl: [3, string],
  }
  const name = items === 'spans' ? 'scopeSpans' : 'scopeLogs'
  return { resource: [1, one(() => RESOURCE)], [name]: [2, many(one(() => scopes))], schemaUrl: [3, string] }
}
const BODY: Table = {
  resourceSpans: [1, many(one(() => within('spans', SPAN)))],
  resourceLogs: [1, many(one(() => within('logRecords', LOG_RECORD)))],
}

/** The body of a request that says what this JSON of one says. */
export function protobufOf(body: Members): Uint8Array {
  const writer = new BinaryWriter()
  for (const [name, value] of Object.entries(body)) {
    const [no, write] = BODY[name] ?? [0, undefined]
    if (write === undefined) throw new Error(`no body has ${name}`)
    write(writer, no, value)
  }
  return writer.finish()
}
