import assert from 'node:assert/strict'
import { test } from 'node:test'

import { golden, goldenApproval, goldenPolicy, signerOf } from '../../test/erasure-vectors.ts'
import { utf8 } from '../bytes/text.ts'
import { type ApprovalKind, approvalDigest, parseApprovalText, signApproval } from './approval.ts'
import { judgeApproval, type Planned } from './judge-approval.ts'

const KINDS: readonly ApprovalKind[] = ['erasure', 'disposition', 'hold release']
const KIM = signerOf(golden.approver)

function planned(kind: ApprovalKind): Planned {
  const { ledger, plan_id, made_at, made_by } = golden.plan
  const acts = { plan: 'plan-erasure', approve: 'approve-erasure' } as const
  return { kind, acts, ledger, plan_id, plan_sha256: golden.plan_sha256, made_at, made_by, refused_count: 0 }
}

for (const kind of KINDS) {
  for (const signed of KINDS) {
    const says = signed === kind ? 'approves' : 'does not approve'
    test(`an approval of ${signed} ${says} ${kind}, by the same person over the same digest`, () => {
      const note = utf8(signApproval(signed, goldenApproval, KIM))
      const at = Date.parse(goldenApproval.approved_at)
      const judged = judgeApproval(note, {
        ledger: golden.plan.ledger,
        planned: planned(kind),
        policy: goldenPolicy(),
        at,
      })
      assert.equal('code' in judged ? judged.code : 'approved', signed === kind ? 'approved' : 'approval-malformed')
    })
  }
}

test('the same note has another digest as an approval of another kind', () => {
  const note = utf8(signApproval('erasure', goldenApproval, KIM))
  assert.equal(new Set(KINDS.map((kind) => approvalDigest(kind, note))).size, KINDS.length)
})

test('the text of an approval is that of one kind', () => {
  const [text = ''] = signApproval('disposition', goldenApproval, KIM).split('\n\n')
  assert.deepEqual(parseApprovalText('disposition', `${text}\n`), goldenApproval)
  for (const kind of ['erasure', 'hold release'] as const) assert.equal(parseApprovalText(kind, `${text}\n`), undefined)
})
