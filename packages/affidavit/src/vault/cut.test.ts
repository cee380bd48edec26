import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { createCutter } from './cut.ts'

test('bytes that come in any pieces are cut into pieces of one length, the last one held back, however many were expected', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.nat(60),
      fc.array(fc.uint8Array({ maxLength: 40 })),
      (length, expected, pushes) => {
        const cutter = createCutter(length, expected)
        const pieces = pushes.flatMap((bytes) => {
          const given = Uint8Array.from(bytes)
          const cut = cutter.push(given).map((piece) => Uint8Array.from(piece))
          // The bytes are the caller's again.
          given.fill(0)
          return cut
        })
        assert.ok(pieces.every((piece) => piece.length === length))
        const rest = cutter.rest()
        const whole = Buffer.concat(pushes)
        assert.deepEqual(Buffer.concat([...pieces, rest]), whole)
        assert.ok(rest.length <= length)
        assert.equal(rest.length === 0, whole.length === 0)
      },
    ),
  )
})
