import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRandomSource } from './random.ts'

test('portions have the length asked for, across the end of a supply and beyond its size', () => {
  const random = createRandomSource()
  for (const bytes of [0, 1, 10, 16, 4000, 4096, 10_000]) assert.equal(random(bytes).length, bytes)
})

test('no portion comes twice, and none changes once it was given out', () => {
  const random = createRandomSource()
  const portions = Array.from({ length: 2000 }, () => random(16))
  const texts = portions.map((portion) => Buffer.from(portion).toString('hex'))
  assert.equal(new Set(texts).size, portions.length)
  random(10_000)
  assert.deepEqual(
    portions.map((portion) => Buffer.from(portion).toString('hex')),
    texts,
  )
})
