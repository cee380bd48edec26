import assert from 'node:assert/strict'
import { isIPv4, isIPv6 } from 'node:net'
import { test } from 'node:test'

import fc from 'fast-check'

import { detectStructured } from '../structured.ts'
import { isIpv6 } from './ip-address.ts'

test('every address that is written is found whole', () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      const found = detectStructured(`from ${address} to`).map(({ start, end }) => [start, end])
      const nobody = /^(?:0|127|255)\./.test(address)
      assert.deepEqual(found, nobody ? [] : [[5, 5 + address.length]])
    }),
  )
})

test('the platform reads the same texts as IPv6 addresses', () => {
  fc.assert(fc.property(fc.ipV6(), (address) => assert.equal(isIpv6(address), isIPv6(address))))
  const noise = fc.string({ unit: fc.constantFrom('1', 'f', ':', '::', '.', '0', '1.2.3.4', 'ffff'), maxLength: 12 })
  fc.assert(
    fc.property(noise, (text) => assert.equal(isIpv6(text), isIPv6(text), text)),
    { numRuns: 5000 },
  )
})

test('the platform reads the same texts as IPv4 addresses', () => {
  const noise = fc.array(fc.constantFrom('0', '1', '10', '255', '256', '01', '999', ''), { minLength: 3, maxLength: 5 })
  fc.assert(
    fc.property(noise, (parts) => {
      const text = `9${parts.join('.')}`
      assert.equal(detectStructured(text).length > 0, isIPv4(text.replace(/\.$/, '')), text)
    }),
    { numRuns: 2000 },
  )
})
