import assert from 'node:assert/strict'
import { test } from 'node:test'

import { countDistinct, countRuns, cutRuns, formatRuns, parseRuns, runsOf, seqsOf } from './seq-runs.ts'

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

test('positions that several runs hold are counted once', () => {
  for (const [texts, count] of [
    [[], 0],
    [['0-5', '7'], 7],
    [['3-9', '0-5'], 10],
    [['0-9', '2-3', '12'], 11],
    [['4', '4'], 1],
  ] as const)
    assert.equal(countDistinct(texts.flatMap((text) => parseRuns(text) ?? [])), count, texts.join(', '))
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

test('where parts of some positions begin is where walking over all of them comes to', () => {
  const runs = [
    { first: 0, last: 5 },
    { first: 7, last: 7 },
    { first: 9, last: 12 },
  ]
  const seqs = [...seqsOf(runs)]
  for (const counts of [[11], [1, 10], [6, 1, 4], [2, 5, 4], [7, 4], [3, 3, 3, 2], seqs.map(() => 1)]) {
    const walked = counts.map((_, i) => seqs[counts.slice(0, i).reduce((sum, count) => sum + count, 0)])
    assert.deepEqual(cutRuns(runs, counts), walked)
  }
  assert.deepEqual(cutRuns(runs, [11, 1, 1]), [0, undefined, undefined])
  assert.deepEqual(cutRuns([], [1]), [undefined])
})
