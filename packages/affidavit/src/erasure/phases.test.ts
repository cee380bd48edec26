import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { golden } from '../../test/erasure-vectors.ts'
import {
  type ErasureDecision,
  type ErasureOutcome,
  type ErasureSight,
  type KeysEnded,
  type KeysEnding,
  nextStep,
  parseErasureDetails,
} from './phases.ts'

const { subjects, conversations } = golden.plan
const decision: ErasureDecision = {
  phase: 'decided',
  plan_sha256: golden.plan_sha256,
  approval_sha256: golden.approval_sha256,
  keyring_generation: 4,
  damaged: 1,
  subjects,
  conversations,
}
const outcome: ErasureOutcome = {
  phase: 'erased',
  plan_sha256: golden.plan_sha256,
  decision_seq: 44,
  keyring_generation: 4,
  retired_key_versions: [],
  subjects,
  conversations,
}

const ending: KeysEnding = { phase: 'ending-keys', keyring_generation: 4, keys: 2 }
const ended: KeysEnded = {
  ...{ phase: 'ended-keys', ending_seq: 9, keyring_generation: 4, keys: 2 },
  retired_key_versions: [],
}

test('the details of a decision, of an outcome and of an end of keys are read', () => {
  for (const details of [ending, ended])
    assert.deepEqual(parseErasureDetails(JSON.parse(JSON.stringify(details))), details)
  assert.deepEqual(parseErasureDetails({ ...JSON.parse(JSON.stringify(decision)) }), decision)
  assert.deepEqual(parseErasureDetails({ ...JSON.parse(JSON.stringify(outcome)) }), outcome)
})

const LIES: Readonly<Record<string, object>> = {
  'another phase': { ...decision, phase: 'planned' },
  'no phase': { ...decision, phase: undefined },
  'a decision without a fence': { ...decision, keyring_generation: undefined },
  'a decision at generation 0': { ...decision, keyring_generation: 0 },
  'a decision that does not say what was damaged': { ...decision, damaged: undefined },
  'a decision with less than nothing damaged': { ...decision, damaged: -1 },
  'a decision without an approval': { ...decision, approval_sha256: undefined },
  'a decision with the members of an outcome': { ...decision, decision_seq: 3 },
  'an outcome without its decision': { ...outcome, decision_seq: undefined },
  'an outcome with an approval': { ...outcome, approval_sha256: golden.approval_sha256 },
  'a person by name': { ...decision, subjects: ['Ann Miller'] },
  'keys that end without a fence': { ...ending, keyring_generation: undefined },
  'keys that end by the leave of an erasure': { ...ending, approval_sha256: golden.approval_sha256 },
  'keys that ended without having begun to': { ...ended, ending_seq: undefined },
  'keys that ended, and whose they were': { ...ended, subjects },
  'subjects out of order': { ...decision, subjects: [...subjects].reverse() },
}

for (const [name, details] of Object.entries(LIES)) {
  test(`not read as the details of an erasure: ${name}`, () => {
    assert.equal(parseErasureDetails(JSON.parse(JSON.stringify(details))), undefined)
  })
}

test('what is no object says nothing of an erasure', () => {
  for (const details of [null, 7, 'decided', [], {}]) assert.equal(parseErasureDetails(details), undefined)
})

const before: ErasureSight = {
  decision,
  outcome: undefined,
  generation: 3,
  rowsLeft: true,
  standing: undefined,
  knownCopies: 0,
}
const gone = { generation: 4, rowsLeft: false }
const erasing: ErasureOutcome = { ...outcome, phase: 'erasing', retired_key_versions: ['0003'] }

for (const [seen, sight, step] of [
  ['decided, and nothing done', before, 'turn-over'],
  ['turned over by somebody else, for another reason', { ...before, generation: 5 }, 'turn-over'],
  ['a keyring that is older than the fence', { ...before, rowsLeft: false }, 'turn-over'],
  ['turned over', { ...before, ...gone }, 'destroy-keys'],
  ['turned over, and again for another', { ...before, ...gone, generation: 7 }, 'destroy-keys'],
  ['keys destroyed', { ...before, ...gone, standing: [] }, 'record-erased'],
  ['a key that still stands', { ...before, ...gone, standing: ['0003'] }, 'record-erasing'],
  ['a copy that nobody saw to', { ...before, ...gone, standing: [], knownCopies: 1 }, 'record-erasing'],
  ['erasing, and nothing new', { ...before, ...gone, standing: ['0003'], outcome: erasing }, 'nothing'],
  ['erasing, and not asked again', { ...before, ...gone, outcome: erasing }, 'destroy-keys'],
  ['erasing, and the key is gone now', { ...before, ...gone, standing: [], outcome: erasing }, 'record-erased'],
  ['erased', { ...before, ...gone, standing: [], outcome }, 'nothing'],
  ['erased, and rows that came later', { ...before, generation: 4, outcome }, 'turn-over'],
  ['erased, and an old keyring brought back', { ...before, rowsLeft: false, outcome }, 'turn-over'],
] as const satisfies readonly (readonly [string, ErasureSight, string])[]) {
  test(`the next step: ${seen}`, () => assert.equal(nextStep(sight), step))
}

// A keyring on paper. Each round does what is next, or dies before it is done, or somebody turns the keyring over meanwhile.
test('whoever finishes an erasure, and however often it is interrupted, it ends, and no key dies before the decision', () => {
  const round = fc.constantFrom('done', 'crash', 'rotation', 'reopen')
  fc.assert(
    fc.property(fc.array(round, { maxLength: 30 }), fc.nat(3), (rounds, slow) => {
      let sight: ErasureSight = before
      let retired: string[] = []
      let left = slow
      const turnOver = (without: boolean): void => {
        retired = [...retired, `${sight.generation}`]
        sight = {
          ...sight,
          generation: sight.generation + 1,
          rowsLeft: sight.rowsLeft && !without,
          standing: undefined,
        }
      }
      const step = (): string => {
        const next = nextStep(sight)
        if (next === 'turn-over') turnOver(true)
        // A key service takes its time.
        if (next === 'destroy-keys') {
          if (left-- <= 0) retired = []
          sight = { ...sight, standing: retired }
        }
        if (next === 'record-erasing') sight = { ...sight, outcome: { ...erasing, retired_key_versions: retired } }
        if (next === 'record-erased') {
          assert.deepEqual([sight.rowsLeft, retired], [false, []])
          sight = { ...sight, outcome }
        }
        return next
      }
      for (const happens of rounds) {
        if (happens === 'rotation') turnOver(false)
        if (happens === 'reopen') sight = { ...sight, standing: undefined }
        if (happens === 'done') step()
      }
      for (let i = 0; i < 20 && sight.outcome?.phase !== 'erased'; i++) {
        if (step() === 'nothing') sight = { ...sight, standing: undefined }
      }
      assert.equal(sight.outcome?.phase, 'erased')
      assert.equal(sight.rowsLeft, false)
    }),
    { numRuns: 200 },
  )
})
