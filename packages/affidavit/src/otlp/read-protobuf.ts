// OTLP/protobuf as the value that OTLP/JSON has for it (spec/otlp.md §2): ids as hex, 64-bit integers as digits, bytes as base64.
// Unknown fields are skipped, as the format asks.

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'

import { toBase64 } from '../bytes/base64.ts'
import { toHex } from '../bytes/hex.ts'
import type { JsonValue } from '../bytes/json.ts'
import { OtlpFault } from './fault.ts'
import { MAX_DEPTH, MAX_NODES } from './limits.ts'
import type { Field, FieldType, MessageType } from './protobuf-fields.ts'

type JsonObject = { [name: string]: JsonValue }

/** Far beyond what an item may have: that one is refused by itself. */
const MAX_MESSAGES = 16 * MAX_DEPTH

interface Reading {
  nodes: number
}

/** @throws OtlpFault where the bytes are no such message, or it has too many parts */
export function readProtobuf(bytes: Uint8Array, type: MessageType): JsonObject {
  try {
    return readMessage(bytes, type, 0, { nodes: 0 })
  } catch (error) {
    if (error instanceof OtlpFault) throw error
    // The reader's own refusals: an early end, an illegal tag, a varint that does not end.
    const problem = error instanceof Error ? error.message : String(error)
    throw new OtlpFault('malformed', '', `is no OTLP protobuf message: ${problem}`)
  }
}

function readMessage(bytes: Uint8Array, type: MessageType, depth: number, reading: Reading): JsonObject {
  if (depth > MAX_MESSAGES) throw new OtlpFault('malformed', '', `holds messages nested deeper than ${MAX_MESSAGES}`)
  if (++reading.nodes > MAX_NODES)
    throw new OtlpFault('too-large', '', `has more than ${MAX_NODES} parts; send smaller batches`)
  const reader = new BinaryReader(bytes, textOf)
  const object: JsonObject = {}
  while (reader.pos < reader.len) {
    const [no, wire] = reader.tag()
    const field = type.fields.get(no)
    if (field === undefined || wire !== wireTypeOf(field.type)) {
      reader.skip(wire, no)
      continue
    }
    const value = readValue(reader, field.type, depth, reading)
    if (type.oneOf) for (const name of Object.keys(object)) delete object[name]
    put(object, field, value)
  }
  return object
}

function put(object: JsonObject, { name, repeated }: Field, value: JsonValue): void {
  const before = object[name]
  if (!repeated) object[name] = value
  else if (Array.isArray(before)) before.push(value)
  else object[name] = [value]
}

function wireTypeOf(type: FieldType): WireType {
  switch (type) {
    case 'bool':
    case 'int64':
    case 'uint32':
      return WireType.Varint
    case 'fixed64':
    case 'double':
      return WireType.Bit64
    case 'fixed32':
      return WireType.Bit32
    default:
      return WireType.LengthDelimited
  }
}

function readValue(reader: BinaryReader, type: FieldType, depth: number, reading: Reading): JsonValue {
  if (typeof type === 'object') return readMessage(reader.bytes(), type, depth + 1, reading)
  switch (type) {
    case 'string':
      return reader.string()
    case 'bool':
      return reader.bool()
    case 'uint32':
      return reader.uint32()
    case 'fixed32':
      return reader.fixed32()
    case 'int64':
      return String(reader.int64())
    case 'fixed64':
      return String(reader.fixed64())
    case 'double':
      return jsonNumber(reader.double())
    case 'bytes':
      return toBase64(reader.bytes())
    case 'id':
      return toHex(reader.bytes())
  }
}

function jsonNumber(value: number): JsonValue {
  return Number.isFinite(value) ? value : String(value)
}

// An emitter that cuts texts by bytes leaves half a character: U+FFFD stands for it. A byte order mark stays.
function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
