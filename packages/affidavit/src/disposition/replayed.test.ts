import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytesOf, golden } from '../../test/disposition-vectors.ts'
import { signerOf } from '../../test/erasure-vectors.ts'
import { approvalDigest } from '../papers/approval.ts'
import { type DispositionRecord, disposalsIn } from './disposals.ts'
import { partsOf } from './paper-parts.ts'
import type { DispositionDetails, Replaying } from './phases.ts'
import { replayedFor } from './replayed.ts'

const { ledger, manifest_sha256 } = golden.plan
const { plan_sha256 } = golden
const NOTE = bytesOf('approval.note')
const approval_sha256 = approvalDigest('disposition', NOTE)
const [FIRST = assert.fail()] = golden.manifest.records
const decided_at = golden.certificate.decided_at
const names = { ledger, plan_sha256, manifest_sha256 }
const REPLAYING: Replaying = {
  ...{ phase: 'replaying', ...names, decided_seq: 3004, decided_at, leave: { approval_sha256 } },
  ...{ records: 4, stays: 0 },
}

const at = (seq: number, details: DispositionDetails): DispositionRecord => ({
  ...{ seq, timestamp: '2027-01-01T00:00:00.000Z', recorded_at: '2027-01-01T00:00:00.000Z' },
  details: JSON.parse(JSON.stringify(details)),
})
const PAPERS = [
  ...partsOf(bytesOf('manifest.json'), manifest_sha256),
  ...partsOf(bytesOf('plan.json'), plan_sha256),
  ...partsOf(NOTE, approval_sha256),
].map((part, i) => at(1 + i, part))

/** By what leave the first listed record went, where a later incarnation has these records. */
function leaveBy(later: readonly DispositionRecord[], own: readonly DispositionRecord[] = []): string {
  const records = [...own, ...replayedFor(ledger, later)]
  const disposal = disposalsIn(ledger, records, [signerOf(golden.approver).verifierKey]).of({
    ...FIRST,
    manifest: manifest_sha256,
  })
  return 'because' in disposal ? disposal.because : disposal.state
}

test('what a later incarnation destroyed again went by the leave that it went by first', () => {
  assert.equal(leaveBy([...PAPERS, at(9, REPLAYING)]), 'approved')
  const replayed: DispositionDetails = { phase: 'replayed', ...names, replaying_seq: 9, records: 4 }
  assert.equal(leaveBy([...PAPERS, at(9, REPLAYING), at(10, replayed)], PAPERS), 'approved')
})

test('a delay was on record, as the ledger says that replays', () => {
  const { delay_days } = golden.plan
  const leave = { announced_seq: 2, announced_at: golden.plan.made_at, delay_days }
  // The golden plan asks for an approval.
  assert.equal(leaveBy([...PAPERS, at(9, { ...REPLAYING, leave })]), 'announcement-missing')
})

const NONE: Readonly<Record<string, readonly [because: string, later: readonly DispositionRecord[]]>> = {
  'papers without a replay': ['not-decided', PAPERS],
  'a replay of another ledger': ['not-decided', [...PAPERS, at(9, { ...REPLAYING, ledger: `${ledger}0` })]],
  'a replay without papers': ['manifest-missing', [at(9, REPLAYING)]],
  'a decision that came before what it lists': ['not-listed', [...PAPERS, at(9, { ...REPLAYING, decided_seq: 0 })]],
  'an approval that came later': [
    'approval-out-of-time',
    [...PAPERS, at(9, { ...REPLAYING, decided_at: '2020-01-01T00:00:00.000Z' })],
  ],
  'only that it stays': ['not-decided', [...PAPERS, at(9, { phase: 'not-replayed', ...names })]],
}
for (const [name, [because, later]] of Object.entries(NONE))
  test(`no replay: ${name}`, () => assert.equal(leaveBy(later), because))
