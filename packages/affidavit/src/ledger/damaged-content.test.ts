import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type DamagedContent, damageOf, unlisted } from './damaged-content.ts'

const LEDGER = 'clinic.example/agents/0123456789abcdef'

function damaged(count: number, from = 0): readonly DamagedContent[] {
  return Array.from({ length: count }, (_, i) => {
    const blob_id = (from + i).toString(16).padStart(32, '0')
    return { ledger: LEDGER, blob_id, seq: 2 * (count - i) }
  })
}

test('a plan shows the first entries with damaged payloads of its own ledger, each once', () => {
  const many = damaged(12).flatMap((one) => [one, { ...one, blob_id: one.blob_id.replace(/^0/, 'f') }])
  const earlier = damaged(3).map((one) => ({ ...one, ledger: 'clinic.example/agents/fedcba9876543210', seq: 1 }))
  const { damaged: count, damaged_sample } = damageOf(LEDGER, [...earlier, ...many])
  assert.equal(count, 27)
  assert.deepEqual(damaged_sample, [2, 4, 6, 8, 10, 12, 14, 16, 18, 20])
})

test('what is damaged is listed in the plan where the plan lists each of it', () => {
  const plan = damageOf(LEDGER, damaged(5))
  for (const some of [damaged(5), damaged(0), damaged(2, 3)]) assert.equal(unlisted(plan, some), undefined)
  assert.equal(unlisted(plan, damaged(2, 4))?.blob_id, damaged(1, 5)[0]?.blob_id)
})

test('of more than a plan can list, those that it fixes by its digest are listed, and some of the others are not', () => {
  const plan = damageOf(LEDGER, damaged(1_001))
  assert.equal(plan.damaged_payloads.length, 1_000)
  assert.equal(unlisted(plan, damaged(1_001)), undefined)
  assert.equal(unlisted(plan, damaged(1_000)), undefined)
  for (const others of [damaged(1_000, 1), damaged(1_002), damaged(1_001, 1)])
    assert.notEqual(unlisted(plan, others), undefined)
})
