// By whose leave a hold was released: what records and pinned keys tell, and every lie about it.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { utf8 } from '../bytes/text.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { generateSignerKey, type SignerKey } from '../formats/signer-key.ts'
import { type Approval, approvalDigest, signApproval } from '../papers/approval.ts'
import { formatHoldRelease, type HoldReleasePaper, holdReleaseDigest } from '../papers/hold-release.ts'
import { createFindings } from './finding.ts'
import { judgeHoldReleases, releasesSay } from './hold-releases.ts'

const LEDGER = 'clinic.example/agents/0123456789abcdef'
const HOLD = '019aa5c1-2f00-7abc-8def-0123456789ab'
const KIM = generateSignerKey('approver/kim', 'ed25519')
const HASH = 'ab'.repeat(32)

const paper: HoldReleasePaper = {
  ...{ ledger: LEDGER, hold_id: HOLD, hold_sha256: HASH, matter: 'm', reason: 'settled' },
  ...{ made_at: '2026-11-21T09:00:00.000Z', made_by: 'sam', as_of_seq: 9, records: 2, still_held: 0 },
}

interface Told {
  readonly paper?: Partial<HoldReleasePaper>
  readonly approval?: Partial<Approval>
  readonly key?: SignerKey
  /** Of the record, once it was approved. */
  readonly details?: (details: Record<string, string>) => Record<string, string>
  readonly timestamp?: string
}

function records({ paper: more, approval, key = KIM, details = (one) => one, timestamp }: Told): AuditRecord[] {
  const release = { ...paper, ...more }
  const release_sha256 = holdReleaseDigest(release)
  const said: Approval = {
    ...{ ledger: LEDGER, plan_id: HOLD, plan_sha256: release_sha256, approver: 'kim', decision: 'approve' },
    ...{ approved_at: '2026-11-21T09:30:00.000Z', ...approval },
  }
  const note = signApproval('hold release', said, key)
  // A clock was ahead once: what is recorded behind that is dated by then.
  const times = { timestamp: timestamp ?? '2026-11-21T10:00:00.000Z', recorded_at: '2027-06-01T10:00:00.000Z' }
  const at = { ...times, actor_id: 'sam', actor_type: 'user' }
  const placed = {
    ...{ ...at, id: HOLD, seq: 3, action: 'hold_placed', integrity_hash: HASH, on_behalf_of: 'counsel' },
    ...{ outcome_reason: 'served', details: { matter: 'm', everything: 'yes' } },
  }
  const told = details({
    ...{ matter: 'm', hold_sha256: HASH, release: Buffer.from(formatHoldRelease(release)).toString(), release_sha256 },
    ...{ approval: note, approval_sha256: approvalDigest('hold release', utf8(note)) },
  })
  const released = {
    ...{ ...at, id: '019aa5c1-2f00-7abc-8def-00000000000a', seq: 10, action: 'hold_released', parent_id: HOLD },
    ...{ outcome_reason: 'settled', integrity_hash: 'cd'.repeat(32), details: told },
  }
  // Of the members of records, those that holds are read by.
  return [placed, released] as unknown as AuditRecord[]
}

function judged(told: Told, approvers = [KIM.verifierKey]): { readonly says: string; readonly found: string[] } {
  const findings = createFindings()
  const says = releasesSay(judgeHoldReleases(LEDGER, records(told), approvers, findings))
  return { says, found: findings.first.map(({ code, seq, problem }) => `${code} ${seq} ${problem}`) }
}

test('under a pinned key it is told by whose leave; under none, that this was not checked', () => {
  assert.deepEqual(judged({}), { says: '; 1 hold released by leave of kim', found: [] })
  const { says, found } = judged({}, [])
  assert.equal(says, '')
  assert.match(found.join(), /^hold-release-not-checked 10 .* by whose leave was not checked$/)
})

test('a release that frees nothing is nobody’s leave, and is passed over', () => {
  const details = (one: Record<string, string>) => ({ ...one, hold_sha256: '00'.repeat(32) })
  assert.deepEqual(judged({ details }), { says: '', found: [] })
})

const LIES: Readonly<Record<string, readonly [because: string, told: Told]>> = {
  'another release than was approved': [
    'release-altered',
    { details: (one) => ({ ...one, release: (one.release ?? '').replace('"records":2', '"records":1') }) },
  ],
  'no release': ['release-altered', { details: (one) => ({ ...one, release: '{}' }) }],
  'a release of another hold': ['release-of-another-hold', { paper: { hold_id: HOLD.replace('2f00', '2f01') } }],
  'a release of another ledger': ['release-of-another-hold', { paper: { ledger: 'other.example/0' } }],
  'a release of another matter': ['release-of-another-hold', { paper: { matter: 'else' } }],
  'an approval of another release': ['approval-of-another-plan', { approval: { plan_sha256: '00'.repeat(32) } }],
  'a refusal': ['approval-of-another-plan', { approval: { decision: 'refuse' } }],
  'an approval by whoever asked': ['approval-by-the-planner', { approval: { approver: 'sam' } }],
  'an approval before it was asked for': [
    'approval-out-of-time',
    { approval: { approved_at: '2026-11-21T08:00:00.000Z' } },
  ],
  'an approval that was too old': ['approval-out-of-time', { timestamp: '2027-11-21T10:00:00.000Z' }],
  'an approval that was changed': [
    'approval-altered',
    { details: (one) => ({ ...one, approval: (one.approval ?? '').replace('kim\n', 'tom\n') }) },
  ],
  'an approval under a key of the same name': [
    'approval-altered',
    { key: { ...KIM, privateKey: generateSignerKey('approver/kim', 'ed25519').privateKey } },
  ],
}

for (const [name, [because, told]] of Object.entries(LIES)) {
  test(`nobody’s leave: ${name}`, () => {
    const { says, found } = judged(told)
    assert.equal(says, '')
    assert.deepEqual(found, [
      `hold-release-unauthorised 10 the hold ${HOLD} was released by nobody’s leave (${because})`,
    ])
  })
}
