import assert from 'node:assert/strict'
import { test } from 'node:test'

import { countRuns, formatRuns, parseRuns, runsOf, seqsOf } from './seq-runs.ts'

test('positions have one text, and are read back from it', () => {
  for (const [seqs, text] of [
    [[0], '0'],
    [[0, 1, 2, 3, 4, 5, 7, 9, 10, 11, 12], '0-5 7 9-12'],
    [[3, 4], '3-4'],
    [[Number.MAX_SAFE_INTEGER], '9007199254740991'],
  ] as const) {
    const runs = runsOf(seqs)
    assert.equal(formatRuns(runs), text)
    assert.deepEqual(parseRuns(text), runs)
    assert.deepEqual([...seqsOf(runs)], seqs)
    assert.equal(countRuns(runs), seqs.length)
  }
  assert.throws(() => runsOf([1, 1]), RangeError)
})

for (const text of [
  '',
  ' ',
  '1 ',
  ' 1',
  '1  2',
  '01',
  '1-1',
  '2-1',
  '1-2-3',
  '1 2',
  '1-3 4',
  '2 1',
  '1-',
  '-1',
  '+1',
  '1,2',
  '9007199254740992',
]) {
  test(`no positions: ${JSON.stringify(text)}`, () => assert.equal(parseRuns(text), undefined))
}
