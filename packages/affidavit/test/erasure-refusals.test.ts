// What in plan, approval and policy keeps an erasure from being carried out, whatever the ledger holds; and what in the records does.

import { formatTimestamp } from '../src/clock/clock.ts'
import { generateSignerKey } from '../src/formats/signer-key.ts'
import { files } from './backend.ts'
import { approve } from './erasure-clinic.ts'
import { type Refused, testErasureRefusals, testRefusedOrders } from './erasure-refusals.ts'

const DAY = 86_400_000

const OF_PAPERS: Refused = {
  'an approval of 31 days ago': [
    'approval-expired',
    ({ clinic, plan }) => {
      const old = { ...plan, made_at: formatTimestamp(Date.now() - 40 * DAY) }
      return { plan: old, approval: approve(clinic, old, { approved_at: formatTimestamp(Date.now() - 31 * DAY) }) }
    },
  ],
  'an approval of before the plan': [
    'approval-before-plan',
    ({ clinic, plan }) => ({ approval: approve(clinic, plan, { approved_at: formatTimestamp(Date.now() - DAY) }) }),
  ],
  'a refusal': [
    'approval-refuses',
    ({ clinic, plan }) => ({ approval: approve(clinic, plan, { decision: 'refuse' }) }),
  ],
  'an approval by a key that nobody has': [
    'signed-by-a-key-that-is-not-pinned',
    ({ clinic, plan }) => ({ approval: approve(clinic, plan, {}, generateSignerKey('approver/kim', 'ed25519')) }),
  ],
  'an approval in the name of another approver': [
    'approval-of-another-person',
    ({ clinic, plan }) => ({ approval: approve(clinic, plan, { approver: 'max' }) }),
  ],
  'a planner who approves it too': [
    'approver-is-planner',
    ({ clinic, plan }) => {
      const own = { ...plan, made_by: 'kim' }
      return { plan: own, approval: approve(clinic, own) }
    },
  ],
  'a planner whom nobody knows': [
    'planner-not-named',
    ({ clinic, plan }) => {
      const own = { ...plan, made_by: 'somebody' }
      return { plan: own, approval: approve(clinic, own) }
    },
  ],
  'a plan that was edited': [
    'approval-of-another-text',
    ({ plan }) => ({ plan: { ...plan, reason: 'another reason' } }),
  ],
  'a plan of another ledger': [
    'plan-of-another-ledger',
    ({ clinic, plan }) => {
      const other = { ...plan, ledger: 'clinic.example/agents/0123456789abcdef' }
      return { plan: other, approval: approve(clinic, other) }
    },
  ],
  'somebody who may not erase': ['eraser-not-allowed', () => ({ person: 'kim' })],
  'somebody whom nobody knows': ['eraser-not-allowed', () => ({ person: 'somebody' })],
}

testRefusedOrders(files, OF_PAPERS)
testErasureRefusals(files)
