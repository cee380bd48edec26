import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { detectWith } from './detect-with.ts'
import type { Detection, Detector } from './detector.ts'

const TEXT = 'Ann Lee, 123-45-6789'
const SSN: Detection = { type: 'us_ssn', start: 9, end: 20 }
const NAME: Detection = { type: 'person_name', start: 0, end: 7 }

function detector(name: string, detect: Detector['detect']): Detector {
  return { name, detect }
}

test('what all detectors find is settled into one answer', async () => {
  const names = detector('names', async () => [NAME])
  const again = detector('again', () => [{ type: 'person_name', start: 10, end: 12 }, NAME])
  assert.deepEqual(await detectWith(TEXT, [names, again]), { detections: [NAME, SSN], undetectedBy: [] })
  assert.deepEqual(await detectWith(TEXT, []), { detections: [SSN], undetectedBy: [] })
})

describe('a detector that breaks its promise is named, and the others still count', () => {
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
    // A program without types may answer anything.
    ['answers with a type that there is not', () => [{ type: 'shoe_size' as 'npi', start: 0, end: 3 }]],
    ['answers with a fraction', () => [{ type: 'person_name', start: 0.5, end: 3 }]],
    ['answers with what is no number', () => [{ type: 'person_name', start: 0, end: Number.NaN }]],
  ]
  for (const [what, detect] of broken) {
    test(`one that ${what}`, async () => {
      const detected = await detectWith(TEXT, [detector('broken', detect), detector('names', () => [NAME])])
      assert.deepEqual(detected, { detections: [NAME, SSN], undetectedBy: ['broken'] })
    })
  }
})
