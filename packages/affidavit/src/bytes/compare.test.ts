import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { concatBytes, equalBytes } from './compare.ts'

const bytes = fc.uint8Array({ maxLength: 40 })

test('byte strings are the same where every byte is', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.nat(), (a, b, at) => {
      const same = a.join() === b.join()
      const copy = Uint8Array.from(a)
      assert.equal(equalBytes(a, b), same)
      assert.ok(equalBytes(a, copy))
      if (a.length > 0) assert.ok(!equalBytes(a, a.with(at % a.length, (a[at % a.length] ?? 0) ^ 1)))
      assert.ok(!equalBytes(a, Uint8Array.of(...a, 0)))
    }),
  )
})

test('views of one memory are compared by what they show', () => {
  const memory = Uint8Array.of(1, 2, 1, 2)
  assert.ok(equalBytes(memory.subarray(0, 2), memory.subarray(2)))
})

test('byte strings are joined in their order, into memory of their own', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 5 }), (parts) => {
      assert.deepEqual(
        Array.from(concatBytes(...parts)),
        parts.flatMap((part) => Array.from(part)),
      )
    }),
  )
  const part = Uint8Array.of(1)
  const joined = concatBytes(part)
  part[0] = 9
  assert.deepEqual(joined, Uint8Array.of(1))
})
