import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { systemAlarm } from '../clock/alarm.ts'
import { handAlarm } from '../testing/hand-alarm.ts'
import { type Ask, createAsk } from './detect-with.ts'
import type { Detection, Detector } from './detector.ts'

const TEXT = 'Ann Lee, 123-45-6789'
const NAME: Detection = { type: 'person_name', start: 0, end: 7 }

function detector(name: string, detect: Detector['detect']): Detector {
  return { name, detect }
}

function askOf(detectors: readonly Detector[], alarm = systemAlarm): Ask {
  return createAsk({ detectors, patienceMillis: 60_000, alarm })
}

test('what each detector finds is told', async () => {
  const names = detector('names', async () => [NAME])
  const again = detector('again', () => [{ type: 'us_ssn', start: 9, end: 20 }, NAME])
  const { found, undetectedBy } = await askOf([names, again])(TEXT)
  assert.deepEqual([found, undetectedBy], [[NAME, { type: 'us_ssn', start: 9, end: 20 }, NAME], []])
})

const twice = { asked: 0 }

describe('a detector that breaks its promise is named, and the others still count', () => {
  // A program without types may answer anything.
  const answering = (answer: unknown): Detector['detect'] => {
    return () => answer as readonly Detection[]
  }
  const broken: readonly [what: string, detect: Detector['detect']][] = [
    [
      'throws',
      () => {
        throw new Error(TEXT)
      },
    ],
    ['rejects', () => Promise.reject(new Error(TEXT))],
    ['answers beyond the text', () => [{ type: 'person_name', start: 0, end: TEXT.length + 1 }]],
    ['answers before the text', () => [{ type: 'person_name', start: -1, end: 2 }]],
    ['finds nothing at a place', () => [{ type: 'person_name', start: 3, end: 3 }]],
    ['answers with a type that there is not', answering([{ type: 'shoe_size', start: 0, end: 3 }])],
    ['answers with a type that is a member of every object', answering([{ type: 'toString', start: 0, end: 3 }])],
    ['answers with a list of types', answering([{ type: ['npi'], start: 0, end: 3 }])],
    ['answers with a fraction', () => [{ type: 'person_name', start: 0.5, end: 3 }]],
    ['answers with what is no number', () => [{ type: 'person_name', start: 0, end: Number.NaN }]],
    ['answers with digits as text', answering([{ type: 'npi', start: '0', end: '3' }])],
    ['answers nothing', answering(undefined)],
    ['answers with an object', answering({ every: () => true, length: 0 })],
    ['answers with a list of nothing', answering([null])],
    ['answers with a getter that throws', answering([Object.defineProperty({}, 'type', { get: () => assert.fail() })])],
  ]
  for (const [what, detect] of broken) {
    test(`one that ${what}`, async () => {
      const answered = await askOf([detector('broken', detect), detector('names', () => [NAME])])(TEXT)
      assert.deepEqual(answered, { found: [NAME], undetectedBy: ['broken'] })
    })
  }

  test('one whose answer changes while it is read', async () => {
    const changing = Object.defineProperty({ type: 'npi', start: 0 }, 'end', {
      get: () => (twice.asked++ === 0 ? 3 : 1_000_000),
    })
    const { found } = await askOf([detector('changing', answering([changing]))])(TEXT)
    assert.deepEqual(found, [{ type: 'npi', start: 0, end: 3 }])
  })
})

test('a detector that takes too long is named, and not asked again for the same draft', async () => {
  const { alarm, waiting, ring } = handAlarm()
  let asked = 0
  const slow = detector('slow', () => {
    asked++
    return new Promise(() => undefined)
  })
  const ask = askOf([slow, detector('names', () => [NAME])], alarm)
  const first = ask(TEXT)
  while (waiting().length !== 1) await Promise.resolve()
  assert.deepEqual(waiting(), [60_000])
  ring()
  const answered = { found: [NAME], undetectedBy: ['slow'] }
  assert.deepEqual(await first, answered)
  assert.deepEqual(await ask('another'), answered)
  assert.equal(asked, 1)
  await Promise.race([askOf([slow], alarm)('another draft'), Promise.resolve()])
  assert.equal(asked, 2)
})

test('an answer in time leaves no alarm, whatever it is', async () => {
  const { alarm, waiting } = handAlarm()
  const failing = detector('failing', () => Promise.reject(new Error('no')))
  await askOf([detector('names', async () => [NAME]), failing], alarm)(TEXT)
  await Promise.resolve()
  assert.deepEqual(waiting(), [])
})

test('an answer that comes too late changes nothing', async () => {
  const { alarm, waiting, ring } = handAlarm()
  const { promise, reject } = Promise.withResolvers<readonly Detection[]>()
  const answered = askOf([detector('slow', () => promise)], alarm)(TEXT)
  while (waiting().length === 0) await Promise.resolve()
  ring()
  reject(new Error('too late'))
  assert.deepEqual(await answered, { found: [], undetectedBy: ['slow'] })
})
