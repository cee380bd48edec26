import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspectBody } from './inspect-body.ts'
import type { Inspection } from './inspection.ts'

const corpus = join(import.meta.dirname, '../../testdata/classify')

function clean(text: string): { readonly content: string; readonly removed: Inspection['removed'] } {
  const { body, removed } = inspectBody(Buffer.from(text), 'text/plain')
  return { content: Buffer.from(body).toString(), removed }
}

test('verification values, tracks and PINs are removed and counted; the card number stays', () => {
  const text = 'card 4111 1111 1111 1111, CVV 123, PIN: 1234, ;4111111111111111=27121010000000000000? cvc 456'
  assert.deepEqual(clean(text), {
    content:
      'card 4111 1111 1111 1111, CVV [removed: card_verification_value], PIN: [removed: card_pin], ' +
      '[removed: card_track_data] cvc [removed: card_verification_value]',
    removed: { card_pin: 1, card_track_data: 1, card_verification_value: 2 },
  })
})

test('a text without such data comes back as it is, whatever else it holds', () => {
  const sentences = readFileSync(join(corpus, 'clean.txt'), 'utf8')
  assert.deepEqual(clean(sentences), { content: sentences, removed: {} })
  const personal = 'SSN 123-45-6789, born 1980-02-03, card 4111111111111111, ann@example.org'
  assert.deepEqual(clean(personal), { content: personal, removed: {} })
})

test('JSON text stays JSON, also inside JSON', () => {
  const inner = '{"cvv":123,"pin":"1234"}'
  const { content } = clean(JSON.stringify({ arguments: inner, cvv: 123 }))
  const outer: { arguments: string; cvv: unknown } = JSON.parse(content)
  assert.equal(outer.cvv, '[removed: card_verification_value]')
  assert.deepEqual(JSON.parse(outer.arguments), {
    cvv: '[removed: card_verification_value]',
    pin: '[removed: card_pin]',
  })
})

test('nothing is left after one removal', () => {
  const text = readFileSync(join(corpus, 'labelled.txt'), 'utf8').replaceAll(/<\/?[a-z]\w+>/g, '')
  const { content, removed } = clean(text)
  const counts = Object.values(removed)
  assert.ok(counts.every((count) => count > 2) && counts.length === 3)
  assert.deepEqual(clean(content), { content, removed: {} })
})

test('a bare number keeps JSON whole also where a piece of a stream begins with it', () => {
  const text = `[{"a": "${'x '.repeat(40_000)}","cvv": 123}${' '.repeat(1019)}]`
  assert.equal(JSON.parse(clean(text).content)[0].cvv, '[removed: card_verification_value]')
})
