import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { systemAlarm } from '../clock/alarm.ts'
import { createAsk } from './detect-with.ts'
import type { Detector } from './detector.ts'
import { knownIdentifiers } from './known-identifiers.ts'
import { lookAtBody, type SeenBody } from './look-at-body.ts'

const NAMES = knownIdentifiers('names', 'person_name', ['Zoë Müller'])
const FOUND: SeenBody = { found: ['person_name'], undetectedBy: [] }
const NOTHING: SeenBody = { found: [], undetectedBy: [] }

async function* inPieces(body: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (body.length + 1)).sort((a, b) => a - b), body.length]
  let from = 0
  for (const end of ends) {
    // Whoever hands out pieces may write over them later.
    const piece = Uint8Array.from(body.subarray(from, end))
    yield piece
    piece.fill(0)
    from = end
  }
}

function seen(
  body: string | Uint8Array,
  media_type: string,
  detectors: readonly Detector[] = [NAMES],
  cuts: readonly number[] = [],
): Promise<SeenBody> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  return lookAtBody(
    inPieces(bytes, cuts),
    media_type,
    createAsk({ detectors, patienceMillis: 60_000, alarm: systemAlarm }),
  )
}

test('what stands in a text is found, and told by its type', async () => {
  assert.deepEqual(await seen('I am zoë müller.', 'text/plain'), FOUND)
  assert.deepEqual(await seen('I am nobody.', 'text/plain'), NOTHING)
  assert.deepEqual(await seen('', 'text/plain'), NOTHING)
})

test('in JSON escapes hide nothing, and a key stands before its value', async () => {
  const json = '{"patient":{"name":"Zo\\u00eb\\u0020M\\u00fcller"}}'
  assert.deepEqual(await seen(json, 'application/json'), FOUND)
  assert.deepEqual(await seen(json, 'text/plain'), NOTHING)
  assert.deepEqual(await seen('{"Zo\\u00eb M\\u00fcller":1}', 'application/fhir+json'), FOUND)
  let asked = ''
  const listening: Detector = {
    name: 'listening',
    detect(text) {
      asked += text
      return []
    },
  }
  await seen('{"a":{"b":["x",7]},"c":"y"}', 'application/json', [listening])
  assert.equal(asked, 'a: b: x\n7\nc: y\n')
})

test('what is called JSON and is none is looked at as text, and so is a long one', async () => {
  assert.deepEqual(await seen('{"name": Zoë Müller', 'application/json'), FOUND)
  const long = JSON.stringify({ filler: 'x'.repeat(300_000), name: 'Zoë Müller' })
  assert.deepEqual(await seen(long, 'application/json'), FOUND)
})

test('bytes that are no text are not asked about; text of an unknown type is', async () => {
  const never: Detector = { name: 'never', detect: () => assert.fail('was asked') }
  for (const size of [100, 100_000]) {
    const noText = Buffer.concat([Buffer.from([0xff, 0xd8]), Buffer.alloc(size, 'Zoë Müller ')])
    assert.deepEqual(await seen(noText, 'image/jpeg', [never]), NOTHING)
    assert.deepEqual(await seen(Buffer.alloc(size, 'Zoë Müller '), 'application/octet-stream'), FOUND)
  }
  assert.deepEqual(await seen('Zoë Müller', 'text/plain; charset=utf-16', [never]), NOTHING)
})

test('a detector that fails at any part of a body is named', async () => {
  const failing: Detector = {
    name: 'failing',
    detect: (text) => (text.includes('here') ? Promise.reject(new Error(text)) : []),
  }
  const body = `Zoë Müller ${'far away '.repeat(20_000)} here`
  assert.deepEqual(await seen(body, 'text/plain', [NAMES, failing]), { ...FOUND, undetectedBy: ['failing'] })
})

test('what is found does not depend on where the body is cut', async () => {
  const fillers = fc.constantFrom('', ' ', 'x', 'é', '\\u00eb', 'Zoë', 'Müller', '"', '{"k":"', '"}', '🩺')
  const texts = fc
    .tuple(fc.array(fillers, { maxLength: 30 }), fc.nat(70_000), fc.boolean())
    .map(([words, length, named]) => `${' filler'.repeat(length / 7)} ${named ? 'Zoë Müller' : ''} ${words.join('')}`)
  const types = fc.constantFrom('text/plain', 'application/json', 'application/octet-stream')
  await fc.assert(
    fc.asyncProperty(texts, types, fc.array(fc.nat(), { maxLength: 6 }), async (text, type, cuts) => {
      assert.deepEqual(await seen(text, type, [NAMES], cuts), await seen(text, type))
    }),
    { numRuns: 60 },
  )
})
