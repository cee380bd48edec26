// Commands of those who destroy: plans, approvals that are worth something and others, what is carried out at once, later, or half.

import assert from 'node:assert/strict'
import { formatTimestamp } from '../../src/clock/clock.ts'
import { parseManifest } from '../../src/disposition/manifest.ts'
import { planDigest } from '../../src/disposition/plan.ts'
import { planDigest as erasurePlanDigest } from '../../src/erasure/plan.ts'
import { generateSignerKey } from '../../src/formats/signer-key.ts'
import type { PlannedDisposition } from '../../src/ledger/plan-disposition.ts'
import { type Approval, signApproval } from '../../src/papers/approval.ts'
import { type Command, command, crashing, pick, refusal } from './command.ts'
import { factsOf, isHeld, known, type Paper, type PaperRecord, standing, stateNow } from './paper.ts'
import { minimumOf } from './paper-policies.ts'
import type { Pending, World } from './world.ts'

/** An approval by kim, or something that is none. */
export type Leave = 'kim' | 'a stranger' | 'the planner' | 'a refusal' | 'another plan' | 'nobody'
export const LEAVES: readonly Leave[] = ['kim', 'a stranger', 'the planner', 'a refusal', 'another plan', 'nobody']

const TOLERANCE = 60_000
const isInOrder = ({ clock, truth, isJumped }: Paper): boolean => !isJumped && clock <= truth

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
  const { ledger, access: policy } = world
  const { size } = await ledger.health()
  const due = standing(paper).filter((one) => stateNow(paper, one) === 'due' && one.seq !== size - 1)
  const planning = ledger.dispositions.plan({ person: 'dr.lee', policy, delay_days: 0, copies: [] })
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

async function disposeNow(paper: Paper, world: World): Promise<void> {
  const pending = await planned(paper, world, 'kim')
  if (pending === undefined) return
  const why = await refusal(world.ledger.dispositions.carryOut(pending.order))
  assert.equal(why, isInOrder(paper) ? undefined : 'clock-jump')
}

export function dispose(): Command {
  return command('dispose', 'destroy', disposeNow)
}

export function crashedDispose(writes: number, when: 'before' | 'after'): Command {
  return crashing('dispose', 'destroy', writes, when, disposeNow)
}

export function plan(leave: Leave): Command {
  return command(`plan, with leave of ${leave}`, 'record', async (paper, world) => {
    await planned(paper, world, leave)
  })
}

/** A plan of some time ago. Whether it still can be is judged by what goes; without leave, or before its time, nothing does. */
export function carryOut(which: number): Command {
  return command(`carry out ${which}`, 'destroy', async (paper, { ledger, pending }) => {
    const one = pick(pending, which)
    if (one === undefined) return
    const isDecided = (await ledger.dispositions.standing()).some(
      ({ plan_sha256, state }) => plan_sha256 === planDigest(one.order.plan) && state !== 'withdrawn',
    )
    const why = await refusal(ledger.dispositions.carryOut(one.order))
    if (one.leave === 'not approved') assert.notEqual(why, undefined, 'nobody approved of it')
    else if (!isDecided && !isInOrder(paper)) assert.notEqual(why, undefined, 'the clock is ahead')
    else if (isDecided && isInOrder(paper)) assert.ok(why === undefined || why === 'withdrawn', why)
  })
}

export function finish(): Command {
  return command('finish', 'destroy', async (paper, { ledger }) => {
    const why = await refusal(ledger.dispositions.finish())
    if (isInOrder(paper)) assert.equal(why, undefined)
  })
}

/** Whoever is named, and the conversations: their content, and that of nobody else. */
export function erase(people: readonly string[], conversations: readonly string[]): Command {
  return command(
    `erase ${[...people, ...conversations].join()}`,
    'record',
    async (paper, { ledger, access, kim, clock }) => {
      const persons = people.map((one) => known(paper, one))
      const reached = standing(paper).filter(
        ({ person, conversation, isErased }) =>
          !isErased && (persons.includes(person ?? '') || conversations.includes(conversation ?? '')),
      )
      // Whoever stands in no record that is there is misspelt.
      const subjects = people.filter((one) => reached.some(({ person }) => person === known(paper, one)))
      const known_conversations = conversations.filter((one) =>
        reached.some(({ conversation }) => conversation === one),
      )
      if (subjects.length + known_conversations.length === 0 || paper.isJumped) return
      const basis = { basis: 'gdpr_17', reason: 'request 2026-117' } as const
      const order = {
        subjects,
        conversations: known_conversations,
        ...basis,
        person: 'dr.lee',
        policy: access,
        copies: [],
      }
      const erasurePlan = await ledger.erasures.plan(order)
      const { plan_id } = erasurePlan
      const approval: Approval = {
        ...{ ledger: ledger.origin, plan_id, plan_sha256: erasurePlanDigest(erasurePlan), approver: 'kim' },
        ...{ approved_at: formatTimestamp(clock.now()), decision: 'approve' },
      }
      const signed = Buffer.from(signApproval('erasure', approval, kim))
      const why = await refusal(
        ledger.erasures.carryOut({ plan: erasurePlan, approval: signed, policy: access, person: 'dr.lee' }),
      )
      const early = reached.find((one) => mustStayReadable(paper, one))
      if (why === undefined) assert.equal(early, undefined, `the content of seq ${early?.seq} had to stay readable`)
      else assert.ok(early !== undefined || paper.holds.length > 0 || !isInOrder(paper), why)
      if (why !== undefined) return
      for (const one of reached) one.isErased = true
      for (const one of subjects) paper.erased.set(one, (paper.erased.get(one) ?? 0) + 1)
    },
  )
}

function mustStayReadable(paper: Paper, record: PaperRecord): boolean {
  const minimum = minimumOf(paper.set, factsOf(paper, record))
  return isHeld(paper, record) || minimum === 'open' || (minimum ?? 0) > paper.truth + TOLERANCE
}
