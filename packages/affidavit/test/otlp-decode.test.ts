import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import fc from 'fast-check'

import { decode } from '../src/otlp/decode.ts'
import { OtlpFault } from '../src/otlp/fault.ts'
import type { Signal } from '../src/otlp/telemetry.ts'
import { ownBody } from './otlp-bodies.ts'
import { protobufOf } from './otlp-protobuf.ts'

const text = fc.string({ unit: 'binary' }).map((value) => value.toWellFormed())
const digits = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length })
const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String)
const small = fc.nat(4_294_967_295)
const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)
const { anyValue } = fc.letrec((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 4 },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: number }),
    fc.record({ bytesValue: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('anyValue'), { maxLength: 4 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: fc.array(tie('keyValue'), { maxLength: 4 }) }) }),
  ),
  keyValue: fc.record({ key: text, value: tie('anyValue') }),
}))
const attributes = fc.array(fc.record({ key: text, value: anyValue }), { maxLength: 5 })
const some = { requiredKeys: [] }
const resource = fc.record({ attributes, droppedAttributesCount: small }, some)
const scope = fc.record({ name: text, version: text, attributes }, some)
const event = fc.record({ timeUnixNano: nanos, name: text, attributes }, some)
const link = fc.record({ traceId: digits(32), spanId: digits(16) })
const status = fc.record({ message: text, code: fc.nat(3) }, some)
const span = fc.record(
  {
    ...{ traceId: digits(32), spanId: digits(16), parentSpanId: fc.oneof(digits(16), fc.constant('')) },
    ...{ name: text, kind: fc.nat(7), startTimeUnixNano: nanos, endTimeUnixNano: nanos, attributes, status },
    ...{ events: fc.array(event, { maxLength: 3 }), links: fc.array(link, { maxLength: 2 }), flags: small },
    ...{ droppedAttributesCount: small, droppedEventsCount: small, traceState: text },
  },
  { requiredKeys: ['traceId', 'spanId'] },
)
const record = fc.record(
  {
    ...{ timeUnixNano: nanos, observedTimeUnixNano: nanos, severityNumber: fc.nat(24), severityText: text },
    ...{ body: anyValue, attributes, traceId: digits(32), spanId: digits(16), eventName: text, flags: small },
  },
  some,
)
const list = <T>(one: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(one, { maxLength: 3 })
const spans = fc.record({ scope, spans: list(span), schemaUrl: text }, some)
const records = fc.record({ scope, logRecords: list(record), schemaUrl: text }, some)
const bodies = {
  traces: fc.record({ resourceSpans: list(fc.record({ resource, scopeSpans: list(spans), schemaUrl: text }, some)) }),
  logs: fc.record({ resourceLogs: list(fc.record({ resource, scopeLogs: list(records), schemaUrl: text }, some)) }),
}

function said(body: Uint8Array, signal: Signal, encoding: 'json' | 'protobuf'): string {
  const { items, refused } = decode(body, signal, encoding)
  const told = [items.map(({ item }) => item), refused.map(({ path, problem }) => ({ path, problem }))]
  return inspect(told, { depth: Infinity, sorted: true, maxArrayLength: null, maxStringLength: null })
}

describe('whatever telemetry says, it says the same as protobuf and as JSON', () => {
  for (const signal of ['traces', 'logs'] as const) {
    test(`in ${signal}`, () => {
      const bodyOf = bodies[signal] as fc.Arbitrary<Readonly<Record<string, unknown>>>
      fc.assert(
        fc.property(bodyOf, (body) => {
          assert.equal(
            said(protobufOf(body), signal, 'protobuf'),
            said(Buffer.from(JSON.stringify(body)), signal, 'json'),
          )
        }),
        { numRuns: 200 },
      )
    })
  }
})

describe('bytes that were damaged on their way are read, or refused as no telemetry', () => {
  const whole = ownBody('openinference-clinic-traces.json')
  const bytes = { json: whole, protobuf: protobufOf(JSON.parse(Buffer.from(whole).toString())) }
  const damage = fc.array(fc.tuple(fc.nat(bytes.json.length), fc.nat(255)), { minLength: 1, maxLength: 8 })
  for (const encoding of ['json', 'protobuf'] as const) {
    test(`as ${encoding}`, () => {
      const cut = fc.nat(bytes[encoding].length)
      fc.assert(
        fc.property(damage, fc.option(cut), (changes, end) => {
          const damaged = Buffer.from(bytes[encoding])
          for (const [at, byte] of changes) damaged[at % damaged.length] = byte
          try {
            decode(damaged.subarray(0, end ?? damaged.length), 'traces', encoding)
          } catch (error) {
            assert.ok(error instanceof OtlpFault, String(error))
          }
        }),
        { numRuns: 300 },
      )
    })
  }

  test('as groups of protobuf within groups, which no message has', () => {
    const groups = Buffer.alloc(1_000_000, 0x0b)
    assert.throws(
      () => decode(groups, 'traces', 'protobuf'),
      (error) => error instanceof OtlpFault && error.kind === 'malformed',
    )
  })
})
