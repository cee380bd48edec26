import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Detection } from './detector.ts'
import { settle } from './settle.ts'

const TEXT = 'abcdefghijklmnopqrstuvwxyz'

test('spans that do not overlap stay, in the order of the text', () => {
  const first: Detection = { type: 'us_ssn', start: 2, end: 4 }
  const second: Detection = { type: 'npi', start: 4, end: 6 }
  assert.deepEqual(settle(TEXT, [second, first]), [first, second])
})

test('a span inside another gives way to it, whatever it proves', () => {
  const mail: Detection = { type: 'email_address', start: 0, end: 20 }
  assert.deepEqual(settle(TEXT, [{ type: 'payment_card', start: 3, end: 9 }, mail]), [mail])
})

test('of two with the same place the one that proves more stays', () => {
  const card: Detection = { type: 'payment_card', start: 3, end: 9 }
  assert.deepEqual(settle(TEXT, [{ type: 'phone_number', start: 3, end: 9 }, card]), [card])
})

test('of two that cross, the one that proves less keeps what the other leaves', () => {
  const card: Detection = { type: 'payment_card', start: 5, end: 15 }
  assert.deepEqual(settle(TEXT, [card, { type: 'phone_number', start: 0, end: 8 }]), [
    { type: 'phone_number', start: 0, end: 5 },
    card,
  ])
  assert.deepEqual(settle(TEXT, [card, { type: 'phone_number', start: 10, end: 20 }]), [
    card,
    { type: 'phone_number', start: 15, end: 20 },
  ])
})

test('marks that are left over are no finding', () => {
  const card: Detection = { type: 'payment_card', start: 2, end: 9 }
  assert.deepEqual(settle('+(1234567)', [{ type: 'phone_number', start: 0, end: 8 }, card]), [card])
})

test('nothing that was found becomes visible, and nothing overlaps', () => {
  const span = fc
    .record({
      type: fc.constantFrom('payment_card', 'us_ssn', 'phone_number', 'person_name'),
      start: fc.nat(20),
      length: fc.integer({ min: 1, max: 6 }),
    })
    .map(({ type, start, length }): Detection => ({ type, start, end: start + length }))
  fc.assert(
    fc.property(fc.array(span, { maxLength: 12 }), (candidates) => {
      const settled = settle(TEXT, candidates)
      const covered = settled.map(({ start, end }) => end - start).reduce((sum, length) => sum + length, 0)
      const wanted = new Set(candidates.flatMap(({ start, end }) => [...TEXT.slice(start, end)]))
      const shown = new Set(settled.flatMap(({ start, end }) => [...TEXT.slice(start, end)]))
      assert.deepEqual(shown, wanted)
      assert.equal(covered, shown.size)
    }),
  )
})
