import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import type { JsonValue } from '../bytes/json.ts'
import { createBodyInspection, type Inspected, inspectBody } from './inspect-body.ts'
import { lookWith } from './look.ts'
import { removedWord } from './mask.ts'
import { replaceSpans } from './replace-spans.ts'
import { rewriteJson } from './rewrite-json.ts'
import { detectAuthenticationData, detectBoth, detectStructured } from './structured.ts'

const corpus = join(import.meta.dirname, '../../testdata/classify')
const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain'
const UNKNOWN_TYPE = 'application/octet-stream'

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

function inspect(text: string, media_type: string): { text: string } & Inspected {
  const { body, ...inspected } = inspectBody(bytes(text), media_type)
  return { text: Buffer.from(body).toString(), ...inspected }
}

function cleaned(text: string, media_type = JSON_TYPE): string {
  return inspect(text, media_type).text
}

/** What comes out of a stream that is cut at these places. */
function stream(body: Uint8Array, media_type: string, cuts: readonly number[]): { body: Uint8Array } & Inspected {
  const inspection = createBodyInspection(media_type)
  const out: Uint8Array[] = []
  let from = 0
  for (const cut of [...cuts, body.length]) {
    const piece = body.slice(from, cut)
    out.push(Buffer.from(inspection.push(piece)))
    // The array is the caller's: what it holds later is not read.
    piece.fill(0x39)
    from = cut
  }
  const { rest, ...inspected } = inspection.end()
  return { body: new Uint8Array(Buffer.concat([...out, rest])), ...inspected }
}

test('what may not be kept leaves a text, and everything that is found is told', () => {
  assert.deepEqual(
    inspect('Ann é😀, ann@example.org, card 4111 1111 1111 1111, CVV 123, cvc 456, PIN: 1234.', TEXT_TYPE),
    {
      text:
        'Ann é😀, ann@example.org, card 4111 1111 1111 1111, CVV [removed: card_verification_value], ' +
        'cvc [removed: card_verification_value], PIN: [removed: card_pin].',
      found: ['card_pin', 'card_verification_value', 'email_address', 'payment_card'],
      removed: { card_pin: 1, card_verification_value: 2 },
      looked_at: true,
    },
  )
})

test('a body from which nothing is removed is the very same, whatever else it holds', () => {
  const personal = bytes('SSN 123-45-6789, card 4111111111111111, ann@example.org')
  for (const type of [TEXT_TYPE, JSON_TYPE, UNKNOWN_TYPE, 'image/png']) {
    const { body, removed, found } = inspectBody(personal, type)
    assert.equal(body, personal)
    assert.deepEqual([removed, found], [{}, ['email_address', 'payment_card', 'us_ssn']])
  }
  const clean = readFileSync(join(corpus, 'clean.txt'))
  assert.equal(inspectBody(clean, TEXT_TYPE).body, clean)
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom(TEXT_TYPE, JSON_TYPE, UNKNOWN_TYPE),
      (body, type) => {
        assert.deepEqual(stream(body, type, []).body, body)
      },
    ),
  )
})

describe('bytes that are no text are not looked at, and that is said', () => {
  const card = bytes('4111111111111111, CVV 123')
  const binary = Buffer.concat([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff), card])
  for (const type of ['image/png', UNKNOWN_TYPE, 'audio/mpeg', '']) {
    test(type, () => {
      assert.deepEqual(inspectBody(binary, type), { body: binary, found: [], removed: {}, looked_at: false })
      // The same type with bytes that are text.
      assert.deepEqual(inspectBody(card, type).removed, { card_verification_value: 1 })
    })
  }
  test('half a character at the end of a short body', () => {
    assert.equal(inspectBody(Buffer.concat([card, Uint8Array.of(0xc3)]), UNKNOWN_TYPE).looked_at, false)
  })
  test('a charset whose digits are not bytes of their own', () => {
    for (const charset of ['utf-16', 'UTF-16LE', '"utf-32"', 'utf16', 'ucs-2']) {
      const body = Buffer.from('CVV 123', 'utf16le')
      assert.deepEqual(inspectBody(body, `text/plain; charset=${charset}`), {
        body,
        found: [],
        removed: {},
        looked_at: false,
      })
    }
    assert.equal(inspectBody(card, 'text/plain; charset=iso-8859-1').looked_at, true)
  })
})

test('of a long body that is not declared to be text, the first 64 KiB decide', () => {
  for (const character of ['é', '電', '😀']) {
    for (let lead = 0; lead < 4; lead++) {
      const body = bytes(`${'x'.repeat(lead)}${character.repeat(20_000)}${character.repeat(20_000)} CVV 123`)
      const late = Buffer.concat([body, Uint8Array.of(0xff), bytes(' CVV 123')])
      const early = Buffer.concat([Uint8Array.of(0xff), body])
      assert.deepEqual(inspectBody(body, UNKNOWN_TYPE).removed, { card_verification_value: 1 })
      assert.deepEqual(inspectBody(late, UNKNOWN_TYPE).removed, { card_verification_value: 2 })
      assert.equal(inspectBody(early, UNKNOWN_TYPE).looked_at, false)
    }
  }
})

test('bytes that are not UTF-8 are kept in a text, and what is around them is looked at', () => {
  const parts = [
    bytes('caf'),
    Uint8Array.of(0xe9),
    bytes(' CVV 123'),
    Uint8Array.of(0xff, 0xc0, 0x80),
    bytes(' PIN: 1234'),
    Uint8Array.of(0xf0, 0x9f),
  ]
  for (const type of [TEXT_TYPE, JSON_TYPE]) {
    const { body, removed, looked_at } = inspectBody(Buffer.concat(parts), type)
    assert.deepEqual([removed, looked_at], [{ card_pin: 1, card_verification_value: 1 }, true])
    const expected = [
      parts[0],
      parts[1],
      bytes(' CVV [removed: card_verification_value]'),
      parts[3],
      bytes(' PIN: [removed: card_pin]'),
      parts[5],
    ]
    assert.deepEqual(Buffer.from(body), Buffer.concat(expected.map((part) => part ?? new Uint8Array())))
  }
})

describe('in JSON the rest stays as it was spelled', () => {
  const cvv = '"[removed: card_verification_value]"'
  for (const [json, expected] of [
    [
      '{ "b" : 1.0e2,\n\t"a":0.10, "cvv" : 123 , "é\\u00e9\\/":"\\u0041" }\n',
      `{ "b" : 1.0e2,\n\t"a":0.10, "cvv" : ${cvv} , "é\\u00e9\\/":"\\u0041" }\n`,
    ],
    ['{"cvv":"123","cvv":"x"}', `{"cvv":${cvv},"cvv":"x"}`],
    ['{"cvv":[123, "456",7]}', `{"cvv":[${cvv}, ${cvv},7]}`],
    ['{"card":{"cvc":  {"value":123}}}', `{"card":{"cvc":  {"value":${cvv}}}}`],
    ['[{"label":"CVV","value":"123"}]', `[{"label":"CVV","value":${cvv}}]`],
    ['{"x":{"cvv":{}},"y":123}', '{"x":{"cvv":{}},"y":123}'],
    ['{"cvv":{"a":{"b":{}}},"c":[123]}', '{"cvv":{"a":{"b":{}}},"c":[123]}'],
    ['{"id":9007199254740993,"cvv":123}', `{"id":9007199254740993,"cvv":${cvv}}`],
    ['{"note":"a \\"cvv\\" \\u0031\\u0032\\u0033 b"}', '{"note":"a \\"cvv\\" [removed: card_verification_value] b"}'],
    ['{"note":"\\u0063vv: 123\\n"}', '{"note":"\\u0063vv: [removed: card_verification_value]\\n"}'],
    ['{"\\u0063vv":123}', `{"\\u0063vv":${cvv}}`],
    ['{"arguments":"{\\"cvv\\":123}"}', '{"arguments":"{\\"cvv\\":\\"[removed: card_verification_value]\\"}"}'],
    [
      '{"my pin is 1234":1,"my pin is 2345":2}',
      '{"my pin is [removed: card_pin]":1,"my pin is [removed: card_pin] 2":2}',
    ],
    [
      '{"t":"%B4111111111111111^DOE/JANE^27121010000","next":"value?"}',
      '{"t":"[removed: card_track_data]","next":"value?"}',
    ],
    [`{"t":"%B4111111111111111^DOE/JANE^2712${'1'.repeat(59)}\\n?"}`, '{"t":"[removed: card_track_data]?"}'],
    ['[{"cvv":"x"},123]', '[{"cvv":"x"},123]'],
    ['{"cvv" :["x",123]}', `{"cvv" :["x",${cvv}]}`],
    ['"CVV 123"', '"CVV [removed: card_verification_value]"'],
    ['123', '123'],
    ['', ''],
  ] as const) {
    test(json, () => {
      assert.equal(cleaned(json), expected)
      if (json !== '') JSON.parse(expected)
    })
  }
})

test('JSON is looked at as text too', () => {
  assert.deepEqual(inspect('["ssn", "123456789"]', JSON_TYPE).found, ['us_ssn'])
})

test('JSON is looked at by its keys, whatever its media type is called', () => {
  const json = '{"card":{"exp":"12/27","cvc":123}}'
  for (const type of ['application/json', 'Application/JSON; charset=utf-8', 'application/fhir+json', 'text/json']) {
    assert.equal(cleaned(json.replace('"cvc":', '"cvc":                    '), type).includes('[removed'), true, type)
  }
  assert.deepEqual(inspect('{"card":{"exp":"12/27","number":"4222222222222"}}', JSON_TYPE).found, ['payment_card'])
})

test('a JSON text of 256 KiB is read by its keys, a longer one as text, and so is what does not parse', () => {
  const json = (length: number) => {
    const begin = '{"cvv":["x",123],"fill":"'
    return `${begin}${'y'.repeat(length - begin.length - 2)}"}`
  }
  assert.equal(JSON.parse(cleaned(json(256 * 1024))).cvv[1], '[removed: card_verification_value]')
  assert.equal(JSON.parse(cleaned(json(256 * 1024 + 1))).cvv[1], 123)
  assert.equal(cleaned('{"cvv":["x",123]'), '{"cvv":["x",123]')
  assert.equal(cleaned('{"cvv": 123 '), '{"cvv": "[removed: card_verification_value]" ')
  const deep = `${'['.repeat(100_000)}"CVV 123"${']'.repeat(100_000)}`
  assert.equal(cleaned(deep), deep.replace('123', '[removed: card_verification_value]'))
})

const SPICE = [
  'CVV 123',
  'PIN: 1234',
  'cvv',
  'pin',
  '%B4111111111111111^DOE/JANE^27121010000000000000?',
  ';4111111111111111=27121010000?',
  '4111 1111 1111 1111 12/27 123',
  'ann@example.org',
  '"',
  '\\',
  '\n',
  'é',
  '😀',
  '\ud800',
  'u0031',
]
const spicy = fc
  .array(fc.oneof(fc.constantFrom(...SPICE), fc.string({ maxLength: 6 })), { maxLength: 5 })
  .map((parts) => parts.join(' '))
const { tree } = fc.letrec<{ tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    spicy,
    fc.constantFrom<JsonValue>(123, 1234, 4111111111111111, 1.5, true, null),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(spicy, fc.constantFrom('cvv', 'pin', 'security', 'code', 'value', 'a')), tie('tree'), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}))

function shapeOf(value: JsonValue): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  return typeof value === 'object' && value !== null ? Object.values(value).map(shapeOf) : 'leaf'
}

test('cleaned JSON is JSON of the same shape, and holds no such data by text or by keys', () => {
  fc.assert(
    fc.property(tree, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const json = JSON.stringify(value, null, indent)
      const { text, removed } = inspect(json, JSON_TYPE)
      const parsed: JsonValue = JSON.parse(text)
      assert.deepEqual(shapeOf(parsed), shapeOf(value))
      assert.equal(text === json, Object.keys(removed).length === 0)
      assert.deepEqual(rewriteJson(parsed, lookWith(detectAuthenticationData), removedWord, undefined).replaced, [])
      assert.deepEqual(inspect(text, JSON_TYPE).removed, {})
    }),
    { numRuns: 2000 },
  )
})

const filler = 'The agent answered, at length and with some care, what it had been asked. é '
const partOf = fc.oneof(
  fc
    .record({ length: fc.nat(4000), value: fc.constantFrom(...SPICE.filter((text) => text !== '\ud800')) })
    .map(({ length, value }) => bytes(`${filler.repeat(60).slice(0, length)} ${value} `)),
  fc.uint8Array({ maxLength: 3 }),
)

test('a stream is cleaned like the whole body, byte for byte, wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(partOf, { minLength: 1, maxLength: 200, size: 'max' }),
      fc.array(fc.nat(400_000), { maxLength: 30, size: 'max' }),
      fc.constantFrom(TEXT_TYPE, JSON_TYPE, UNKNOWN_TYPE),
      (parts, places, type) => {
        const body = new Uint8Array(Buffer.concat(parts))
        const cuts = places.filter((place) => place < body.length).sort((a, b) => a - b)
        const { body: whole, ...told } = inspectBody(body, type)
        assert.deepEqual(stream(body, type, cuts), { ...told, body: new Uint8Array(whole) })
      },
    ),
    { numRuns: 40 },
  )
  const body = bytes(`${'😀'.repeat(4000)} ${filler.repeat(700)} CVV 123 ${filler.repeat(700)} PIN: 1234`)
  // Tracks that reach into the next one: where the chain is looked into decides what each of them is.
  const chain = bytes('%B4111111111111111^DOE/JANE^2712'.repeat(8000))
  const { body: whole, ...told } = inspectBody(chain, TEXT_TYPE)
  assert.deepEqual(stream(chain, TEXT_TYPE, [70_007, 150_001]), { ...told, body: new Uint8Array(whole) })
  for (const type of [TEXT_TYPE, JSON_TYPE, UNKNOWN_TYPE]) {
    const every = Array.from({ length: body.length }, (_, i) => i)
    const { body: whole, ...told } = inspectBody(body, type)
    assert.deepEqual(stream(body, type, every), { ...told, body: new Uint8Array(whole) })
  }
})

test('a long text is cleaned as it is found in the whole, wherever windows end', () => {
  const text = (offset: number) =>
    `${'x '.repeat(offset)}card 4111 1111 1111 1111 12/27 123 and ann@example.org${' y'.repeat(2000)}`
  for (let offset = 32_000; offset < 34_000; offset += 7) {
    const whole = text(offset)
    const spans = detectAuthenticationData(whole)
    assert.equal(cleaned(whole, TEXT_TYPE), replaceSpans(whole, spans, removedWord, ''))
    assert.deepEqual(inspect(whole, TEXT_TYPE).found, ['card_verification_value', 'email_address', 'payment_card'])
  }
})

test('a number that a window cuts is none', () => {
  for (const number of ['41111111111111119999', '99994111111111111111']) {
    for (let lead = 0; lead <= number.length; lead++) {
      assert.deepEqual(inspect(`${' '.repeat(lead)}${`${number} `.repeat(7000)}`, TEXT_TYPE).found, [])
    }
  }
})

test('memory does not grow with the stream: bytes come out as it goes', () => {
  const inspection = createBodyInspection(TEXT_TYPE)
  const piece = bytes(`${filler}PIN: 1234 `)
  let pushed = 0
  let told = 0
  for (let i = 0; i < 40_000; i++) {
    pushed += piece.length
    told += inspection.push(piece).length
    assert.ok(pushed - told < 80_000)
  }
  const { rest, removed: counts } = inspection.end()
  assert.equal(told + rest.length, 40_000 * (piece.length + '[removed: card_pin]'.length - '1234'.length))
  assert.deepEqual(counts, { card_pin: 40_000 })
})

test('both are found in one look as they are found alone', () => {
  const lines = readFileSync(join(corpus, 'labelled.txt'), 'utf8')
    .replaceAll(/<\/?[a-z]\w+>/g, '')
    .split('\n')
  fc.assert(
    fc.property(
      fc.oneof(
        fc.constantFrom(...lines),
        spicy,
        fc.string({ unit: fc.constantFrom(...'pin my PIN: 1234 Main St%B^=;') }),
      ),
      (text) => {
        assert.deepEqual(detectBoth(text), {
          all: detectStructured(text),
          authentication: detectAuthenticationData(text),
        })
      },
    ),
    { numRuns: 3000 },
  )
})
