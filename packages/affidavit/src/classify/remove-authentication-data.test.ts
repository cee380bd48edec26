import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

import { removeAuthenticationData, removeAuthenticationJson, removeFromStream } from './remove-authentication-data.ts'

const corpus = join(import.meta.dirname, '../../testdata/classify')

test('verification values, tracks and PINs are removed and counted; the card number stays', () => {
  const text = 'card 4111 1111 1111 1111, CVV 123, PIN: 1234, ;4111111111111111=27121010000000000000? cvc 456'
  assert.deepEqual(removeAuthenticationData(text), {
    content:
      'card 4111 1111 1111 1111, CVV [removed: card_verification_value], PIN: [removed: card_pin], ' +
      '[removed: card_track_data] cvc [removed: card_verification_value]',
    removed: [
      { type: 'card_verification_value', count: 2 },
      { type: 'card_pin', count: 1 },
      { type: 'card_track_data', count: 1 },
    ],
  })
})

test('a text without such data comes back as it is, whatever else it holds', () => {
  const clean = readFileSync(join(corpus, 'clean.txt'), 'utf8')
  assert.deepEqual(removeAuthenticationData(clean), { content: clean, removed: [] })
  const personal = 'SSN 123-45-6789, born 1980-02-03, card 4111111111111111, ann@example.org'
  assert.deepEqual(removeAuthenticationData(personal), { content: personal, removed: [] })
})

test('JSON text stays JSON, also inside JSON', () => {
  const inner = '{"cvv":123,"pin":"1234"}'
  const { content } = removeAuthenticationData(JSON.stringify({ arguments: inner, cvv: 123 }))
  const outer: { arguments: string; cvv: unknown } = JSON.parse(content)
  assert.equal(outer.cvv, '[removed: card_verification_value]')
  assert.deepEqual(JSON.parse(outer.arguments), {
    cvv: '[removed: card_verification_value]',
    pin: '[removed: card_pin]',
  })
})

test('in a JSON value the keys say what is removed', () => {
  const value = { card: { number: '4111111111111111', cvc: 123 }, atm: { pin: '0042' }, security: { code: '321' } }
  assert.deepEqual(removeAuthenticationJson(value), {
    content: {
      card: { number: '4111111111111111', cvc: '[removed: card_verification_value]' },
      atm: { pin: '[removed: card_pin]' },
      security: { code: '[removed: card_verification_value]' },
    },
    removed: [
      { type: 'card_verification_value', count: 2 },
      { type: 'card_pin', count: 1 },
    ],
  })
  const clean = { pin: ['a', 1], cvv: null }
  assert.equal(removeAuthenticationJson(clean).content, clean)
})

test('nothing is left after one removal', () => {
  const text = readFileSync(join(corpus, 'labelled.txt'), 'utf8').replaceAll(/<\/?[a-z]\w+>/g, '')
  const { content, removed } = removeAuthenticationData(text)
  assert.ok(removed.every(({ count }) => count > 2) && removed.length === 3)
  assert.deepEqual(removeAuthenticationData(content), { content, removed: [] })
})

test('a bare number keeps JSON whole also where a piece of a stream begins with it', async () => {
  const text = `[{"a": "${'x '.repeat(40_000)}","cvv": 123}${' '.repeat(1019)}]`
  let content = ''
  for await (const piece of removeFromStream([text])) content += piece.content
  assert.equal(JSON.parse(content)[0].cvv, '[removed: card_verification_value]')
})

test('a stream is cleaned like the whole text, wherever it is cut', async () => {
  const filler = 'The quick agent answers. '.repeat(3000)
  const text = `${filler}{"cvv": 123} ${filler}PIN: 1234 ${filler}`
  for (const size of [7, 1000, 65_536, 70_001, text.length]) {
    const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, i) => text.slice(i * size, (i + 1) * size))
    let content = ''
    const removed: string[] = []
    for await (const piece of removeFromStream(chunks)) {
      content += piece.content
      removed.push(...piece.removed.map(({ type, count }) => `${type} ${count}`))
    }
    assert.equal(content, removeAuthenticationData(text).content)
    assert.deepEqual(removed, ['card_verification_value 1', 'card_pin 1'])
  }
})
