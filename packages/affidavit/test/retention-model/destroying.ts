// Deeds of those who destroy: plans, approvals that are worth something and others, what is carried out at once, or later.

import assert from 'node:assert/strict'
import { formatTimestamp } from '../../src/clock/clock.ts'
import { parseManifest } from '../../src/disposition/manifest.ts'
import { planDigest } from '../../src/disposition/plan.ts'
import { generateSignerKey } from '../../src/formats/signer-key.ts'
import type { PlannedDisposition } from '../../src/ledger/plan-disposition.ts'
import { type Approval, signApproval } from '../../src/papers/approval.ts'
import { type Deed, pick, refusal } from './command.ts'
import { type Paper, standing, stateNow } from './paper.ts'
import type { Pending, World } from './world.ts'

/** An approval by kim, or something that is none. */
export type Leave = 'kim' | 'a stranger' | 'the planner' | 'a refusal' | 'another plan' | 'nobody'
export const LEAVES: readonly Leave[] = ['kim', 'a stranger', 'the planner', 'a refusal', 'another plan', 'nobody']

export function isInOrder({ clock, truth, isJumped }: Paper): boolean {
  return !isJumped && clock <= truth
}

function approvalBy(leave: Leave, { kim, clock }: World, { plan }: PlannedDisposition): Uint8Array | undefined {
  if (leave === 'nobody') return undefined
  const { ledger, plan_id } = plan
  const approval: Approval = {
    ...{ ledger, plan_id, plan_sha256: leave === 'another plan' ? '0'.repeat(64) : planDigest(plan) },
    approver: leave === 'the planner' ? 'dr.lee' : 'kim',
    approved_at: formatTimestamp(clock.now()),
    decision: leave === 'a refusal' ? 'refuse' : 'approve',
  }
  const key = leave === 'a stranger' ? generateSignerKey('approver/kim', 'ed25519') : kim
  return Buffer.from(signApproval('disposition', approval, key))
}

/** Plans what is due, which is what paper says is due. */
async function planned(paper: Paper, world: World, leave: Leave): Promise<Pending | undefined> {
  const { access: policy, process } = world
  const { dispositions, health } = process.ledger
  const { size } = await health()
  const due = standing(paper).filter((one) => stateNow(paper, one) === 'due' && one.seq !== size - 1)
  const planning = dispositions.plan({ person: 'dr.lee', policy, delay_days: 0, copies: [] })
  if (due.length === 0) {
    if (!paper.isJumped) assert.equal(await refusal(planning), 'nothing-is-due')
    else await refusal(planning)
    return undefined
  }
  if (paper.isJumped && (await refusal(planning)) !== undefined) return undefined
  const papers = await planning
  const manifest = parseManifest(papers.manifest)
  assert.ok(!('code' in manifest))
  const seqs = manifest.records.map(({ seq }) => seq)
  if (!paper.isJumped)
    assert.deepEqual(
      seqs,
      due.map(({ seq }) => seq),
      'what is due is planned, and nothing else',
    )
  const approval = approvalBy(leave, world, papers)
  const order = { ...papers, ...(approval && { approval }), person: 'dr.lee', policy }
  const pending = { order, seqs, leave: leave === 'kim' ? 'approved' : 'not approved' } as const
  world.pending.push(pending)
  return pending
}

export function dispose(): Deed {
  return {
    name: 'dispose',
    may: 'destroy',
    async run(paper, world) {
      const pending = await planned(paper, world, 'kim')
      if (pending === undefined) return
      const why = await refusal(world.process.ledger.dispositions.carryOut(pending.order))
      if (world.disturbedAt === undefined) assert.equal(why, isInOrder(paper) ? undefined : 'clock-jump')
    },
  }
}

export function plan(leave: Leave): Deed {
  return {
    name: `plan, with leave of ${leave}`,
    may: 'record',
    async run(paper, world) {
      await planned(paper, world, leave)
    },
  }
}

/** A plan of some time ago. Whether it still can be is judged by what goes; without leave, or before its time, nothing does. */
export function carryOut(which: number): Deed {
  return {
    name: `carry out ${which}`,
    may: 'destroy',
    async run(paper, world) {
      const { dispositions } = world.process.ledger
      const one = pick(world.pending, which)
      if (one === undefined) return
      const isDecided = (await dispositions.standing()).some(
        ({ plan_sha256, state }) => plan_sha256 === planDigest(one.order.plan) && state !== 'withdrawn',
      )
      const why = await refusal(dispositions.carryOut(one.order))
      if (one.leave === 'not approved') assert.notEqual(why, undefined, 'nobody approved of it')
      else if (!isDecided && !isInOrder(paper)) assert.notEqual(why, undefined, 'the clock is ahead')
      else if (isDecided && isInOrder(paper) && world.disturbedAt === undefined)
        assert.ok(why === undefined || why === 'withdrawn', why)
    },
  }
}

export function finish(): Deed {
  return {
    name: 'finish',
    may: 'destroy',
    async run(paper, world) {
      const why = await refusal(world.process.ledger.dispositions.finish())
      if (isInOrder(paper) && world.disturbedAt === undefined) assert.equal(why, undefined)
    },
  }
}
