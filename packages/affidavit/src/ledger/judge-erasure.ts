// Whether a plan may be carried out at this moment (spec/erasure.md §3, §6): the approval is judged, and the plan is held against
// what the ledger has now.

import type { AccessPolicy } from '../access/policy.ts'
import { mayDo } from '../access/policy.ts'
import { canonicalJson, PLAIN_JSON } from '../bytes/json.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { judgeErasureApproval } from '../erasure/judge-approval.ts'
import type { ErasurePlan } from '../erasure/plan.ts'
import { APPROVAL_DAYS, type JudgedApproval } from '../papers/judge-approval.ts'
import type { PolicySet } from '../retention/policy-set.ts'
import { readDamaged, unlisted } from './damaged-content.ts'
import { readEarlierReach } from './earlier-reach.ts'
import { type Reach, readReach } from './erasure-reach.ts'
import { type Keeps, keepsNothing, readKept } from './kept-content.ts'
import { followSubjects } from './late-facts.ts'
import type { LeavingParts } from './leave-linked.ts'
import { readLinked } from './linked-content.ts'
import { refusedErasure, refuseEarlier } from './plan-erasure.ts'
import { isOvertakenSet } from './policies.ts'
import type { LedgerStore } from './store.ts'

/** A plan with its approval, and who carries it out. */
export interface ErasureOrder {
  readonly plan: ErasurePlan
  /** The signed note, as it came. */
  readonly approval: Uint8Array
  /** By the name that stands in the access policy. */
  readonly person: string
  readonly policy: AccessPolicy
}

/** What a plan is held against. */
export interface JudgingParts {
  readonly store: LedgerStore
  readonly ledger: string
  /** How long content is kept. */
  readonly retention: PolicySet
}

/** @throws LedgerError `invalid-query` */
export function refuseUnlessEraser({ policy, person }: Pick<ErasureOrder, 'policy' | 'person'>): void {
  const permission = mayDo(policy, person, 'erase')
  if (!permission.allowed) throw refusedErasure('eraser-not-allowed', permission.problem, permission.cure)
}

/**
 * @param size what the ledger has: nothing from there on is looked at
 * @throws LedgerError `invalid-query`: nothing was changed
 */
export async function judgeErasure(
  parts: JudgingParts,
  { plan, approval, policy }: ErasureOrder,
  at: UnixMillis,
  size: number,
): Promise<JudgedApproval> {
  const { ledger } = parts
  const judged = judgeErasureApproval(approval, { ledger, plan, policy, at })
  if ('code' in judged) {
    const cure = `have exactly this plan approved with affidavit approve, by another erasure_approver than the planner, at most ${APPROVAL_DAYS} days ago`
    throw refusedErasure(judged.code, 'this approval does not let this plan be carried out', cure)
  }
  await holdAgainstLedger(parts, plan, at, size)
  return judged
}

/**
 * How many payloads are damaged that would have to be wrapped anew. Before anything is decided: behind a decision nobody may
 * stop.
 * @throws LedgerError `invalid-query` where one is that the plan does not list: nobody signed that it is to be lost
 */
export async function judgeDamage(parts: LeavingParts, plan: ErasurePlan): Promise<number> {
  const damaged = await readDamaged(parts, plan, (await parts.store.head(parts.ledger))?.size ?? 0)
  const one = unlisted(plan, damaged)
  if (one === undefined) return damaged.length
  throw refusedErasure(
    'content-altered',
    `the content key of the payload ${one.blob_id} is not the recorded one: it cannot be wrapped anew, and the plan does not say that it would be lost`,
    'run affidavit verify --content, and bring the database back from a backup; where none has it, make a new plan, and have that one approved',
  )
}

async function holdAgainstLedger(
  { store, ledger, retention }: JudgingParts,
  plan: ErasurePlan,
  at: UnixMillis,
  size: number,
): Promise<void> {
  const looked = plan.as_of_seq + 1
  if (looked > size) throw outdated('plan-differs', 'the plan looked at records that this ledger does not have')
  const then = await readReach(store, ledger, plan, looked, keepsNothing)
  if (!isSaidBy(plan, then))
    throw outdated('plan-differs', 'the plan does not say what the ledger held when it was made')
  if (await isOvertakenSet({ store, ledger }, retention.digest))
    throw refusedErasure(
      'policies-changed',
      'other retention policies came into force since this ledger was opened',
      'open it again, with those, and erase then',
    )
  const by = { store, set: retention, at, holdsOf: ledger }
  const keepsIn = (origin: string): Promise<Keeps> =>
    readKept({ ...by, ledger: origin, size: Number.MAX_SAFE_INTEGER }, plan)
  refuseEarlier(await readEarlierReach(store, ledger, plan, keepsIn))
  const now = await readReach(store, ledger, plan, size, await readKept({ ...by, ledger, size }, plan))
  const [kept] = now.refused
  if (kept !== undefined) {
    const because =
      kept.because === 'hold' ? `the hold ${kept.holds[0]}` : `${kept.policies.join(', ')}, until ${kept.earliest}`
    const cure = 'release the hold first, or wait; then make a new plan with affidavit erase plan'
    const many = `${now.refused_count} of its records must stay readable: seq ${kept.seq} by ${because}`
    throw refusedErasure('plan-is-refused', many, cure)
  }
  if (now.shared_count > plan.shared_count)
    throw outdated('plan-is-outdated', 'since the plan, content was recorded that others would lose too')
  if ((await linkedNames(store, ledger, plan, looked)) !== (await linkedNames(store, ledger, plan, size)))
    throw outdated('plan-is-outdated', 'since the plan, links of content to its subjects have changed')
  for (const subject of plan.subjects) {
    const [before, after] = [
      await followSubjects(store, ledger, subject, looked),
      await followSubjects(store, ledger, subject, size),
    ]
    if (before.subject_ids.join() === after.subject_ids.join()) continue
    throw outdated('plan-is-outdated', 'since the plan, links between its subjects and others have changed')
  }
}

async function linkedNames(store: LedgerStore, ledger: string, plan: ErasurePlan, until: number): Promise<string> {
  const linked = await readLinked(store, ledger, plan, until)
  return [...new Set(linked.map(({ reference }) => reference.blob_id))].join()
}

// What must stay readable is asked anew, now: a plan that is approved says of nothing that it must.
function isSaidBy(plan: ErasurePlan, { refused: _, refused_count: __, ...reach }: Reach): boolean {
  const told: Record<keyof typeof reach, unknown> = {
    records: plan.records,
    payloads: plan.payloads,
    bytes: plan.bytes,
    payload_list_sha256: plan.payload_list_sha256,
    sample: plan.sample,
    shared: plan.shared,
    shared_count: plan.shared_count,
    wrapped_anew: plan.wrapped_anew,
  }
  return canonicalJson(told, PLAIN_JSON) === canonicalJson({ ...reach }, PLAIN_JSON)
}

function outdated(fault: string, problem: string): Error {
  return refusedErasure(fault, problem, 'make a new plan with affidavit erase plan, and have that one approved')
}
