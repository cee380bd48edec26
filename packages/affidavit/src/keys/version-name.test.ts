import assert from 'node:assert/strict'
import { test } from 'node:test'

import { compareVersionNames, isVersionName, nextVersionName } from './version-name.ts'

const RANDOM = '0123456789abcdef'

test('names go on from the highest number, and stay in order when the numbers grow longer', () => {
  const names = ['0001', '0002', '9998', '9999', '10000', '10001'].map((number) => `${number}-${RANDOM}`)
  assert.deepEqual(names.toReversed().toSorted(compareVersionNames), names)
  assert.match(nextVersionName(names.toReversed()), /^10002-[0-9a-f]{16}$/)
  assert.match(nextVersionName(['9999-'.concat(RANDOM)]), /^10000-/)
})

test('of two with one number, the order is the same each time', () => {
  const [one, two] = [`0003-${RANDOM}`, `0003-${RANDOM.replace('0', 'f')}`]
  assert.deepEqual([two, one].toSorted(compareVersionNames), [one, two])
  assert.equal(compareVersionNames(one, one), 0)
})

test('what is no name is none', () => {
  for (const text of [
    '',
    '0001',
    `001-${RANDOM}`,
    `0001-${RANDOM}0`,
    `0001-${RANDOM.toUpperCase()}`,
    `../0001-${RANDOM}`,
  ]) {
    assert.ok(!isVersionName(text), text)
  }
})
