import assert from 'node:assert/strict'
import { test } from 'node:test'

import { golden } from '../../test/disposition-vectors.ts'
import { parseDispositionDetails } from './phases.ts'

const digests = { plan_sha256: golden.plan_sha256, manifest_sha256: golden.plan.manifest_sha256 }
const announced = { phase: 'announced', ...digests, delay_days: 7 }
const decided = { phase: 'decided', ...digests, approval_sha256: 'a'.repeat(64), records: 4 }
const delayed = { phase: 'decided', ...digests, announced_seq: 9, records: 4 }
const objects = golden.plan.objects
const disposing = { phase: 'disposing', ...digests, decision_seq: 12, records: 4, objects }
const disposed = { ...disposing, phase: 'disposed', objects: [] }
const withdrawn = { phase: 'withdrawn', ...digests, decision_seq: 12, because: 'held', seq: 3 }

test('the details of every phase are read', () => {
  for (const details of [announced, decided, delayed, disposing, disposed, withdrawn])
    assert.deepEqual(parseDispositionDetails(details as never), details)
})

const LIES: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  'no object': 'decided',
  'another phase': { ...decided, phase: 'planned' },
  'a decision by nobody’s leave': { phase: 'decided', ...digests, records: 4 },
  'a decision by both': { ...decided, announced_seq: 9 },
  'a decision without its manifest': { ...decided, manifest_sha256: undefined },
  'an outcome without its decision': { ...disposed, decision_seq: undefined },
  'an outcome with objects out of order': { ...disposing, objects: [...objects].reverse() },
  'a withdrawal for no reason': { ...withdrawn, because: undefined },
  'an announcement without its delay': { ...announced, delay_days: undefined },
}

for (const [name, details] of Object.entries(LIES)) {
  test(`not read as the details of a disposition: ${name}`, () => {
    assert.equal(parseDispositionDetails(JSON.parse(JSON.stringify(details ?? null))), undefined)
  })
}
