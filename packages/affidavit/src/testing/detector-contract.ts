// What every Detector promises (classify/detector.ts), as tests: run it on a detector of your own.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { DetectedType, Detection, Detector } from '../classify/detector.ts'

/** A text, and the types that the detector finds in it, in the order of where they stand. */
export interface DetectorSample {
  readonly text: string
  readonly finds: readonly DetectedType[]
}

// More than a detector may look around a finding.
const FAR = 1024

const HOSTILE: readonly string[] = [
  '',
  '\0',
  '\ud800',
  '\udfff\ud800',
  'é\u0301\u202e',
  '9'.repeat(100_000),
  '@'.repeat(100_000),
  '"'.repeat(100_000),
]

/** Runs the contract of the Detector seam, under node:test. One sample at least should find something, one nothing. */
export function detectorContract(name: string, detector: Detector, samples: readonly DetectorSample[]): void {
  describe(`${name} keeps the contract of a detector`, () => {
    test('it has a name to be told by', () => assert.notEqual(detector.name, ''))

    for (const { text, finds } of samples) {
      test(`it finds ${finds.join(', ') || 'nothing'} in its sample`, async () => {
        assert.deepEqual(typesOf(await detector.detect(text)), finds)
      })
    }

    test('offsets are inside the text, and nothing found is empty', async () => {
      for (const text of [...HOSTILE, ...samples.map((sample) => sample.text)]) {
        for (const { start, end } of await detector.detect(text)) {
          assert.ok(Number.isSafeInteger(start) && Number.isSafeInteger(end))
          assert.ok(start >= 0 && start < end && end <= text.length)
        }
      }
    })

    test('the same text gives the same answer, also while others are looked at', async () => {
      const texts = samples.map(({ text }) => text)
      const together = await Promise.all([...texts, ...texts].map(async (text) => detector.detect(text)))
      assert.deepEqual(together.slice(0, texts.length), together.slice(texts.length))
    })

    test('offsets are UTF-16, and what is found does not depend on text far away', async () => {
      for (const { text } of samples) {
        const before = `${'😀 '.repeat(FAR)}\n`
        const moved = (await detector.detect(text)).map(({ type, start, end }) => {
          return { type, start: start + before.length, end: end + before.length }
        })
        assert.deepEqual(await detector.detect(before + text), moved)
      }
    })
  })
}

function typesOf(found: readonly Detection[]): DetectedType[] {
  return found.toSorted((a, b) => a.start - b.start).map(({ type }) => type)
}
