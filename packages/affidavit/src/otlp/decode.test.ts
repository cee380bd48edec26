import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'

import { BinaryWriter } from '@bufbuild/protobuf/wire'

import { capturedBodies, NO_CAPTURED_BODIES } from '../../test/otlp-bodies.ts'
import { decode } from './decode.ts'
import { OtlpFault } from './fault.ts'
import { MAX_DEPTH, MAX_NODES } from './limits.ts'
import type { Item, Signal } from './telemetry.ts'

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'

function json(value: unknown, signal: Signal = 'traces'): ReturnType<typeof decode> {
  return decode(Buffer.from(JSON.stringify(value)), signal, 'json')
}

function spans(...all: readonly object[]): object {
  return { resourceSpans: [{ scopeSpans: [{ spans: all }] }] }
}

function onlyItem({ items }: ReturnType<typeof decode>): Item {
  const [first] = items
  assert.ok(first !== undefined && items.length === 1)
  return first.item
}

function attribute(value: unknown): unknown {
  const span = { traceId: TRACE, spanId: SPAN, attributes: [{ key: 'k', value }] }
  return onlyItem(json(spans(span))).attributes.get('k')
}

function withoutIds(item: Item): string {
  const text = inspect(item, {
    depth: Number.POSITIVE_INFINITY,
    sorted: true,
    maxStringLength: null,
    maxArrayLength: null,
  })
  return text.replaceAll(/[0-9a-f]+(-[0-9a-f]+){4}|[0-9a-f]{8,}n?|\d{3,}n?|\b0\.\d+/g, '#')
}

describe('both encodings decode to the same values', () => {
  const bodies = capturedBodies('otlp-')
  test('of bodies that real instrumentations sent', { skip: bodies === undefined && NO_CAPTURED_BODIES }, () => {
    assert.ok((bodies ?? []).length >= 30)
    // Two runs of the same program sent them, in their own order: ids, times and ports are their own.
    const items = { protobuf: [] as string[], json: [] as string[] }
    for (const { name, signal, ...body } of bodies ?? []) {
      for (const encoding of ['protobuf', 'json'] as const) {
        const decoded = decode(body[encoding], signal, encoding)
        assert.deepEqual(decoded.refused, [], name)
        items[encoding].push(...decoded.items.map(({ item }) => withoutIds(item)))
      }
    }
    assert.deepEqual(items.protobuf.sort(), items.json.sort())
  })

  test('integers are the same as digits and as numbers, and beyond doubles keep their digits', () => {
    assert.deepEqual([attribute({ intValue: 7 }), attribute({ intValue: '7' })], [7, 7])
    assert.equal(attribute({ intValue: '9007199254740993' }), '9007199254740993')
    assert.equal(attribute({ intValue: '-3' }), -3)
  })

  test('numbers that are not finite are their names', () => {
    assert.deepEqual([attribute({ doubleValue: 'NaN' }), attribute({ doubleValue: '-Infinity' })], ['NaN', '-Infinity'])
    assert.equal(attribute({ doubleValue: 0.5 }), 0.5)
  })

  test('a byte for byte value is base64, a list a list, a map an object, nothing null', () => {
    assert.equal(attribute({ bytesValue: 'AAE=' }), 'AAE=')
    assert.deepEqual(attribute({ arrayValue: { values: [{ boolValue: false }, {}] } }), [false, null])
    assert.deepEqual(attribute({ kvlistValue: { values: [{ key: 'a', value: { stringValue: 'b' } }] } }), { a: 'b' })
  })
})

describe('what an emitter may do', () => {
  test('unknown fields are passed over in both encodings', () => {
    const span = { traceId: TRACE.toUpperCase(), spanId: SPAN, newer: { deep: [1] }, flags: 257 }
    const item = onlyItem(json({ ...spans(span), entity: 1 }))
    assert.ok(item.signal === 'traces')
    assert.deepEqual([item.traceId, item.sampled], [TRACE, true])
    const body = new BinaryWriter().tag(99, 2).string('newer').tag(98, 3).tag(1, 0).uint32(5).tag(98, 4).finish()
    assert.deepEqual(decode(body, 'traces', 'protobuf'), { items: [], refused: [] })
  })

  test('half a character, where a limit cut a text, is U+FFFD', () => {
    assert.equal(attribute({ stringValue: 'a\ud83d' }), 'a\ufffd')
  })

  test('the name of an event stands in its field or in an attribute', () => {
    const named = (log: object): string => {
      const item = onlyItem(json({ resourceLogs: [{ scopeLogs: [{ logRecords: [log] }] }] }, 'logs'))
      return item.signal === 'logs' ? item.eventName : ''
    }
    const attributes = [{ key: 'event.name', value: { stringValue: 'gen_ai.choice' } }]
    assert.deepEqual([named({ eventName: 'a' }), named({ attributes }), named({})], ['a', 'gen_ai.choice', ''])
  })

  test('an attribute named as a prototype is an attribute', () => {
    const span = { traceId: TRACE, spanId: SPAN, attributes: [{ key: '__proto__', value: { stringValue: 'x' } }] }
    assert.equal(onlyItem(json(spans(span))).attributes.get('__proto__'), 'x')
  })
})

describe('one bad item is refused by itself, and the others are taken', () => {
  const deep = Array.from({ length: MAX_DEPTH + 2 }).reduce<object>(
    (value) => ({ arrayValue: { values: [value] } }),
    {},
  )
  const cases: readonly (readonly [string, object, string])[] = [
    ['without a trace', { spanId: SPAN }, 'traceId'],
    ['of the trace of zeros', { traceId: '0'.repeat(32), spanId: SPAN }, 'traceId'],
    ['with a short id', { traceId: TRACE, spanId: 'b7' }, 'spanId'],
    [
      'with an attribute that is nested too deep',
      { traceId: TRACE, spanId: SPAN, attributes: [{ key: 'k', value: deep }] },
      'attributes[0]',
    ],
    ['with a time that is no time', { traceId: TRACE, spanId: SPAN, startTimeUnixNano: 'soon' }, 'startTimeUnixNano'],
    [
      'with a member named as a prototype',
      {
        traceId: TRACE,
        spanId: SPAN,
        attributes: [{ key: 'k', value: { kvlistValue: { values: [{ key: '__proto__' }] } } }],
      },
      'attributes[0]',
    ],
  ]
  for (const [what, bad, place] of cases) {
    test(what, () => {
      const { items, refused } = json(spans({ traceId: TRACE, spanId: SPAN }, bad))
      assert.equal(items.length, 1)
      assert.equal(refused.length, 1)
      assert.ok(refused[0]?.path.startsWith(`resourceSpans[0].scopeSpans[0].spans[1].${place}`), refused[0]?.path)
    })
  }
})

describe('a body that is no telemetry is refused as a whole', () => {
  const cases: readonly (readonly [string, Uint8Array, 'json' | 'protobuf', OtlpFault['kind']])[] = [
    ['text', Buffer.from('hello'), 'json', 'malformed'],
    ['a list', Buffer.from('[]'), 'json', 'malformed'],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'json', 'malformed'],
    ['one bracket in the other', Buffer.from('['.repeat(100_000)), 'json', 'malformed'],
    ['a bomb of empty objects', Buffer.from(`[${'{},'.repeat(4 * MAX_NODES)}{}]`), 'json', 'too-large'],
    ['a bomb of empty messages', Buffer.alloc(2 * MAX_NODES + 2, Buffer.from([0x0a, 0x00])), 'protobuf', 'too-large'],
    ['a message that ends early', Buffer.from([0x0a, 0x05, 0x00]), 'protobuf', 'malformed'],
    ['a varint that does not end', Buffer.alloc(20, 0xff), 'protobuf', 'malformed'],
    ['a list that is none', Buffer.from('{"resourceSpans":{}}'), 'json', 'malformed'],
  ]
  for (const [what, body, encoding, kind] of cases) {
    test(what, () => {
      assert.throws(
        () => decode(body, 'traces', encoding),
        (error) => error instanceof OtlpFault && error.kind === kind,
      )
    })
  }
})
