import assert from 'node:assert/strict'
import { test } from 'node:test'

import { detectorContract } from '../testing/detector-contract.ts'
import { knownIdentifiers } from './known-identifiers.ts'

const known = knownIdentifiers('clinic', 'known_identifier', [
  'Ann Lee',
  ' acct-77 ',
  '李明',
  '#K9',
  '',
  '--',
  'x'.repeat(257),
])

async function foundIn(text: string): Promise<string[]> {
  return (await known.detect(text)).map(({ start, end }) => text.slice(start, end))
}

test('known identifiers are found as words of their own, in any case', async () => {
  assert.deepEqual(await foundIn('Ann Lee (ANN LEE) has acct-77, ann lee.'), [
    'Ann Lee',
    'ANN LEE',
    'acct-77',
    'ann lee',
  ])
  assert.deepEqual(await foundIn('李明, K9'), ['李明', 'K9'])
})

test('parts of longer words are not', async () => {
  assert.deepEqual(await foundIn('Joann Lee, Ann Leeds, Ann  Lee, acct-771, xacct-77, 李明明'), [])
  assert.deepEqual(await foundIn(`${'x'.repeat(257)} -- `), [])
})

detectorContract('a detector of known identifiers', known, [
  { text: 'Ann Lee and acct-77', finds: ['known_identifier', 'known_identifier'] },
  { text: 'nobody', finds: [] },
])
