import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { bytesOf, flipped, golden, goldenApproval, goldenPolicy, heldAt, signerOf } from '../../test/erasure-vectors.ts'
import { hostileBytes } from '../../test/hostile.ts'
import { utf8 } from '../bytes/text.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { formatNote, parseNote } from '../formats/note.ts'
import { type SignerKey, signerKeyFromSeed } from '../formats/signer-key.ts'
import { type Approval, approvalDigest, parseApprovalText, signApproval } from '../papers/approval.ts'
import { APPROVAL_DAYS } from '../papers/judge-approval.ts'
import { type ErasureCase, judgeErasureApproval } from './judge-approval.ts'
import { planDigest } from './plan.ts'

const GOLDEN = bytesOf('approval.note')
const KIM = signerOf(golden.approver)
const LEE = signerKeyFromSeed('approver/lee', 'ed25519', new Uint8Array(32).fill(9))
const DAY = 86_400_000
const APPROVED = Date.parse(golden.approval.approved_at)

const CASE: ErasureCase = {
  ledger: golden.plan.ledger,
  plan: golden.plan,
  policy: goldenPolicy(),
  at: APPROVED + 60_000,
}

test('the golden approval is written again byte for byte, and lets its plan be carried out', () => {
  assert.equal(signApproval('erasure', goldenApproval, KIM), Buffer.from(GOLDEN).toString('utf8'))
  assert.equal(approvalDigest('erasure', GOLDEN), golden.approval_sha256)
  assert.deepEqual(judgeErasureApproval(GOLDEN, CASE), {
    approval: goldenApproval,
    key: KIM.verifierKey,
    plan_sha256: golden.plan_sha256,
    approval_sha256: golden.approval_sha256,
  })
})

interface ApprovalLie {
  readonly approval?: Partial<Approval>
  readonly signer?: SignerKey
  readonly on?: Partial<ErasureCase>
  readonly change?: (note: string) => string
  readonly code: string
}

const withPlan = (change: Partial<ErasureCase['plan']>): Partial<ErasureCase> => ({
  plan: { ...golden.plan, ...change },
})
/** The plan and the approval of it agree; the plan itself is not one to approve. */
function approved(change: Partial<ErasureCase['plan']>, more: Partial<Approval> = {}): ApprovalLie {
  const plan = { ...golden.plan, ...change }
  return { on: { plan }, approval: { plan_sha256: planDigest(plan), ...more }, code: '' }
}
const refusal = heldAt(3)
const other = 'clinic.example/agents/fedcba9876543210'

const LIES: Readonly<Record<string, ApprovalLie>> = {
  'a signature by a key that nobody has': {
    signer: signerKeyFromSeed('approver/kim', 'ed25519', new Uint8Array(32).fill(1)),
    code: 'signed-by-a-key-that-is-not-pinned',
  },
  'the right key under another name': {
    signer: signerKeyFromSeed('approver/kimm', 'ed25519', new Uint8Array(32).fill(7)),
    code: 'signed-by-a-key-that-is-not-pinned',
  },
  'the name and id of the right key over a signature by another': {
    signer: { ...LEE, verifierKey: KIM.verifierKey },
    code: 'signature-mismatch',
  },
  'a signature that is cut': { change: (note) => cutSignature(note), code: 'signature-length' },
  'no signature': { change: (note) => `${note.slice(0, note.indexOf('\n\n'))}\n\n`, code: 'note-no-signature-line' },
  'a second signature': { change: (note) => note + note.slice(note.lastIndexOf('—')), code: 'signed-more-than-once' },
  'a text that is no approval': {
    change: () => signed('affidavit erasure plan v1\n', KIM),
    code: 'approval-malformed',
  },
  'the planner, who approves in the name of another': {
    signer: LEE,
    code: 'approval-of-another-person',
  },
  'somebody who is not named': { approval: { approver: 'nobody' }, code: 'approval-of-another-person' },
  'somebody who has no key': { approval: { approver: 'ops' }, code: 'approval-of-another-person' },
  'a name that is nearly the same': { approval: { approver: 'Kim' }, code: 'approval-of-another-person' },
  'somebody who may not approve': {
    on: { policy: goldenPolicy((text) => text.replace('[auditor, erasure_approver]', '[auditor]')) },
    code: 'approver-not-allowed',
  },
  'a plan of another ledger, approved for this one': { ...approved({ ledger: other }), code: 'plan-of-another-ledger' },
  'an approval for another ledger': { approval: { ledger: other }, code: 'approval-of-another-ledger' },
  'an approval for the ledger before a restore': {
    on: { ...withPlan({ ledger: other }), ledger: other },
    code: 'approval-of-another-ledger',
  },
  'an approval of another plan': {
    approval: { plan_id: '019aa5c1-2f00-7abc-8def-0123456789ac' },
    code: 'approval-of-another-plan',
  },
  'a plan that was changed after it was approved': { on: withPlan({ bytes: 1 }), code: 'approval-of-another-text' },
  'a plan to which a subject was added': {
    on: withPlan({ subjects: [...golden.plan.subjects, `tok_${'b'.repeat(32)}`] }),
    code: 'approval-of-another-text',
  },
  'a planner who approves': { ...approved({ made_by: 'kim' }), code: 'approver-is-planner' },
  'a planner who may do both, and approves': {
    ...approved({ made_by: 'dr.lee' }, { approver: 'dr.lee' }),
    signer: LEE,
    on: {
      policy: goldenPolicy((text) => text.replace('[privacy_officer]', '[privacy_officer, erasure_approver]')),
      ...approved({ made_by: 'dr.lee' }).on,
    },
    code: 'approver-is-planner',
  },
  'a planner by a token': { ...approved({ made_by: `tok_${'c'.repeat(32)}` }), code: 'planner-not-named' },
  'a planner who is everybody else': {
    ...approved({ made_by: 'anybody' }),
    on: {
      policy: goldenPolicy((text) => text.replace('everybody_else: [reader]', 'everybody_else: [privacy_officer]')),
      ...approved({ made_by: 'anybody' }).on,
    },
    code: 'planner-not-named',
  },
  'a planner who may not plan': { ...approved({ made_by: 'ops' }), code: 'planner-not-allowed' },
  'an approval that is older than the plan': {
    approval: { approved_at: '2026-11-21T09:29:59.999Z' },
    code: 'approval-before-plan',
  },
  'an approval from the future': { on: { at: APPROVED - 1 }, code: 'approval-from-the-future' },
  'an approval that has expired': { on: { at: APPROVED + APPROVAL_DAYS * DAY + 1 }, code: 'approval-expired' },
  'an approval that refuses': { approval: { decision: 'refuse' }, code: 'approval-refuses' },
  'a plan that has to leave something readable': {
    ...approved({ refused: [refusal], refused_count: 1 }),
    code: 'plan-is-refused',
  },
}

function cutSignature(note: string): string {
  const parsed = parseNote(utf8(note))
  assert.ok(!('code' in parsed))
  return formatNote(
    parsed.text,
    parsed.signatures.map((line) => ({ ...line, signature: line.signature.subarray(1) })),
  )
}

function signed(text: string, { verifierKey: { name, keyId }, privateKey }: SignerKey): string {
  return formatNote(text, [{ name, keyId, signature: signEd25519(privateKey, utf8(text)) }])
}

for (const [name, { approval, signer = KIM, on, change = (note: string) => note, code }] of Object.entries(LIES)) {
  test(`not approved: ${name}`, () => {
    const note = change(signApproval('erasure', { ...goldenApproval, ...approval }, signer))
    const judged = judgeErasureApproval(utf8(note), { ...CASE, ...on })
    assert.ok('code' in judged, 'it was approved')
    assert.equal(judged.code, code)
  })
}

test('an approval lasts to the millisecond', () => {
  assert.ok(!('code' in judgeErasureApproval(GOLDEN, { ...CASE, at: APPROVED })))
  assert.ok(!('code' in judgeErasureApproval(GOLDEN, { ...CASE, at: APPROVED + APPROVAL_DAYS * DAY })))
  const atOnce = { ...goldenApproval, approved_at: golden.plan.made_at }
  assert.ok(!('code' in judgeErasureApproval(utf8(signApproval('erasure', atOnce, KIM)), CASE)))
})

test('no bit of an approval can be flipped', () => {
  for (const bytes of flipped(GOLDEN))
    assert.ok('code' in judgeErasureApproval(bytes, CASE), Buffer.from(bytes).toString())
})

test('hostile bytes are never an approval, and throw nothing', () => {
  fc.assert(
    fc.property(hostileBytes([GOLDEN]), (bytes) => {
      const judged = judgeErasureApproval(bytes, CASE)
      assert.equal('code' in judged, !Buffer.from(GOLDEN).equals(bytes))
    }),
    { numRuns: 500 },
  )
})

const text = `${Buffer.from(GOLDEN)}`.split('\n\n')[0] ?? ''
const TEXTS: Readonly<Record<string, (lines: string) => string>> = {
  'another first line': (lines) => lines.replace(' v1\n', ' v2\n'),
  'a line more': (lines) => `${lines}more\n`,
  'a line less': (lines) => lines.replace('kim\n', ''),
  'an empty line more': (lines) => `${lines}\n`,
  'something behind the last line': (lines) => `${lines}more`,
  'no line end': (lines) => lines.trimEnd(),
  'an empty ledger': (lines) => lines.replace('clinic.example/agents/0123456789abcdef', ''),
  'no approver': (lines) => lines.replace('\nkim\n', '\n\n'),
  'an approver who hides a character': (lines) => lines.replace('\nkim\n', '\nki\u200bm\n'),
  'a digest in capitals': (lines) => lines.replace(golden.plan_sha256, golden.plan_sha256.toUpperCase()),
  'a plan id of another version': (lines) => lines.replace('-7abc-', '-4abc-'),
  'a time of another spelling': (lines) => lines.replace('10:00:00.000Z', '10:00:00Z'),
  'another decision': (lines) => lines.replace('\napprove\n', '\napproved\n'),
  'a space behind the decision': (lines) => lines.replace('\napprove\n', '\napprove \n'),
}

for (const [name, change] of Object.entries(TEXTS)) {
  test(`refused as the text of an approval: ${name}`, () => {
    assert.deepEqual(parseApprovalText('erasure', `${text}\n`), goldenApproval)
    assert.equal(parseApprovalText('erasure', change(`${text}\n`)), undefined)
  })
}

test('what is no approval is not signed, and a cosigner’s key signs none', () => {
  assert.throws(() => signApproval('erasure', { ...goldenApproval, approver: 'kim\napprove' }, KIM), RangeError)
  assert.throws(() => signApproval('erasure', { ...goldenApproval, ledger: '' }, KIM), RangeError)
  const cosigner = signerKeyFromSeed('approver/kim', 'cosignature/v1', new Uint8Array(32).fill(7))
  assert.throws(() => signApproval('erasure', goldenApproval, cosigner), RangeError)
})
