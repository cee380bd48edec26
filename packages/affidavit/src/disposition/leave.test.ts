// By whose leave a plan may be carried out, and what a verifier can tell of it later.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bytesOf, golden, goldenApproval, recordsPolicy } from '../../test/disposition-vectors.ts'
import { flipped, signerOf } from '../../test/erasure-vectors.ts'
import { utf8 } from '../bytes/text.ts'
import { signerKeyFromSeed } from '../formats/signer-key.ts'
import { type Approval, approvalDigest, signApproval } from '../papers/approval.ts'
import { authorityOf, type DecidedPapers } from './authority.ts'
import { judgeDispositionApproval } from './judge-approval.ts'
import { judgeDelay } from './judge-delay.ts'
import { type DispositionPlan, formatPlan, planDigest } from './plan.ts'

const NOTE = bytesOf('approval.note')
const KIM = signerOf(golden.approver)
const LEE = signerKeyFromSeed('approver/lee', 'ed25519', new Uint8Array(32).fill(9))
const DAY = 86_400_000
const APPROVED = Date.parse(golden.approval.approved_at)
const CASE = { ledger: golden.plan.ledger, plan: golden.plan, policy: recordsPolicy(), at: APPROVED }

test('the golden approval is written again byte for byte, and lets its plan be carried out', () => {
  assert.equal(signApproval('disposition', goldenApproval, KIM), Buffer.from(NOTE).toString('utf8'))
  const judged = judgeDispositionApproval(NOTE, CASE)
  assert.ok(!('code' in judged), JSON.stringify(judged))
  assert.equal(judged.plan_sha256, golden.plan_sha256)
  assert.deepEqual(golden.certificate.leave, {
    state: 'approved',
    approver: 'kim',
    approved_at: golden.approval.approved_at,
    approval_sha256: judged.approval_sha256,
  })
})

test('no bit of an approval can be flipped', () => {
  for (const bytes of flipped(NOTE)) assert.ok('code' in judgeDispositionApproval(bytes, CASE))
})

const NOT_APPROVED: Readonly<Record<string, { on?: Partial<typeof CASE>; note?: string; code: string }>> = {
  'an approval of an erasure, by the same person over the same digest': {
    note: signApproval('erasure', goldenApproval, KIM),
    code: 'approval-malformed',
  },
  'whoever may approve erasures alone': {
    on: { policy: recordsPolicy((text) => text.replace('records_approver', 'erasure_approver')) },
    code: 'approver-not-allowed',
  },
  'a planner who may not plan dispositions': {
    on: { policy: recordsPolicy((text) => text.replace('records_officer', 'privacy_officer')) },
    code: 'planner-not-allowed',
  },
  'a planner who may do both, and approves': {
    on: { policy: recordsPolicy((text) => text.replace('[records_officer]', '[records_officer, records_approver]')) },
    note: signApproval('disposition', { ...goldenApproval, approver: 'dr.lee' }, LEE),
    code: 'approver-is-planner',
  },
  'a plan to which a record was added': {
    on: { plan: { ...golden.plan, records: 5 } },
    code: 'approval-of-another-text',
  },
}

for (const [name, { on, note, code }] of Object.entries(NOT_APPROVED)) {
  test(`not approved: ${name}`, () => {
    const judged = judgeDispositionApproval(note === undefined ? NOTE : utf8(note), { ...CASE, ...on })
    assert.equal('code' in judged ? judged.code : 'approved', code)
  })
}

const ALONE = recordsPolicy((text) => text.replace('[auditor, records_approver]', '[auditor]'))
const WAITING: DispositionPlan = { ...golden.plan, delay_days: 7 }

test('where nobody else may approve, a plan may be carried out when its delay is over, to the millisecond', () => {
  const announced = APPROVED
  const over = announced + 7 * DAY
  assert.equal(judgeDelay(WAITING, announced, { policy: ALONE, at: over }), undefined)
  const early = judgeDelay(WAITING, announced, { policy: ALONE, at: over - 1 })
  assert.deepEqual(early, { code: 'delay-not-over', until: over })
})

const NO_DELAY: Readonly<Record<string, readonly [string, DispositionPlan, string]>> = {
  'a plan that somebody is to approve': ['approval-missing', golden.plan, ''],
  'another person who may approve': ['delay-beside-an-approver', WAITING, 'approver'],
  'a planner whom the policy does not name': ['planner-not-named', { ...WAITING, made_by: 'nobody' }, ''],
  'a planner who may not plan': ['planner-not-allowed', { ...WAITING, made_by: 'ops' }, ''],
}

for (const [name, [code, plan, approver]] of Object.entries(NO_DELAY)) {
  test(`no delay is enough for ${name}`, () => {
    const policy = approver === '' ? ALONE : recordsPolicy()
    assert.equal(judgeDelay(plan, 0, { policy, at: APPROVED })?.code, code)
  })
}

const DECIDED = Date.parse(golden.certificate.decided_at)
const PAPERS: DecidedPapers = {
  ledger: golden.plan.ledger,
  decision: {
    phase: 'decided',
    plan_sha256: golden.plan_sha256,
    manifest_sha256: golden.plan.manifest_sha256,
    approval_sha256: approvalDigest('disposition', NOTE),
    records: golden.plan.records,
  },
  decided_at: DECIDED,
  plan: bytesOf('plan.json'),
  approval: NOTE,
  announced: undefined,
}

test('a decision under a pinned key is approved; without one, its authority was not checked', () => {
  const approved = { state: 'approved', approver: 'kim', plan_sha256: golden.plan_sha256 }
  assert.deepEqual(authorityOf(PAPERS, [LEE.verifierKey, KIM.verifierKey]), approved)
  const unchecked = { state: 'not checked', plan_sha256: golden.plan_sha256 }
  assert.deepEqual(authorityOf(PAPERS, []), unchecked)
  assert.deepEqual(authorityOf(PAPERS, [LEE.verifierKey]), unchecked)
})

function approvedAnew(change: Partial<Approval>, signer = KIM): Partial<DecidedPapers> {
  const approval = utf8(signApproval('disposition', { ...goldenApproval, ...change }, signer))
  const approval_sha256 = approvalDigest('disposition', approval)
  return { approval, decision: { ...PAPERS.decision, approval_sha256 } as DecidedPapers['decision'] }
}

const announcement = {
  phase: 'announced',
  plan_sha256: planDigest(WAITING),
  manifest_sha256: WAITING.manifest_sha256,
  delay_days: 7,
} as const

function delayed(change: Partial<DecidedPapers> = {}): Partial<DecidedPapers> {
  const { plan_sha256, manifest_sha256 } = announcement
  const decision = { phase: 'decided', plan_sha256, manifest_sha256, announced_seq: 7, records: 4 } as const
  const announced = { announcement, at: DECIDED - 7 * DAY }
  return { decision, plan: formatPlan(WAITING), approval: undefined, announced, ...change }
}

test('a decision after its delay is told as not independently approved, whatever is pinned', () => {
  const told = { state: 'not independently approved', plan_sha256: announcement.plan_sha256 }
  for (const keys of [[], [KIM.verifierKey]]) assert.deepEqual(authorityOf({ ...PAPERS, ...delayed() }, keys), told)
})

const WITHOUT: Readonly<Record<string, readonly [because: string, change: Partial<DecidedPapers>]>> = {
  'no plan': ['plan-missing', { plan: undefined }],
  'no JSON for a plan': ['plan-altered', { plan: utf8('{') }],
  'another plan': ['plan-altered', { plan: formatPlan({ ...golden.plan, contents: 6 }) }],
  'a plan of another manifest': [
    'plan-of-another-manifest',
    { decision: { ...PAPERS.decision, manifest_sha256: 'a'.repeat(64) } },
  ],
  'a plan for another ledger': ['plan-of-another-manifest', { ledger: 'clinic.example/agents/fedcba9876543210' }],
  'no approval': ['approval-missing', { approval: undefined }],
  'an approval with another signature': ['approval-altered', { approval: utf8(`${Buffer.from(NOTE)}x`) }],
  'an approval of another plan': ['approval-of-another-plan', approvedAnew({ plan_sha256: 'a'.repeat(64) })],
  'an approval for another ledger': ['approval-of-another-plan', approvedAnew({ ledger: 'other.example/0' })],
  'an approval that refuses': ['approval-of-another-plan', approvedAnew({ decision: 'refuse' })],
  'an approval by the planner': ['approval-by-the-planner', approvedAnew({ approver: 'dr.lee' })],
  'an approval behind the decision': ['approval-out-of-time', { decided_at: APPROVED - 1 }],
  'an approval before the plan': ['approval-out-of-time', approvedAnew({ approved_at: '2026-11-21T09:29:59.999Z' })],
  'an approval that had expired': ['approval-out-of-time', { decided_at: APPROVED + 30 * DAY + 1 }],
  'no announcement': ['announcement-missing', delayed({ announced: undefined })],
  'an announcement of another plan': [
    'announcement-missing',
    delayed({ announced: { announcement: { ...announcement, plan_sha256: 'a'.repeat(64) }, at: 0 } }),
  ],
  'an announcement of another delay': [
    'announcement-missing',
    delayed({ announced: { announcement: { ...announcement, delay_days: 8 }, at: 0 } }),
  ],
  'a delay that was not over': ['delay-not-over', delayed({ announced: { announcement, at: DECIDED - 7 * DAY + 1 } })],
}

for (const [name, [because, change]] of Object.entries(WITHOUT)) {
  test(`no authority: ${name}`, () => {
    assert.deepEqual(authorityOf({ ...PAPERS, ...change }, [KIM.verifierKey]), { state: 'none', because })
  })
}
