// Whether a plan may be carried out that nobody else approved (spec/disposition.md §4): by a recorded delay, where nobody else is there
// to approve.

import { type AccessPolicy, mayDo } from '../access/policy.ts'
import type { UnixMillis } from '../clock/clock.ts'
import type { DispositionPlan } from './plan.ts'

export type DelayFault =
  | { readonly code: 'approval-missing' }
  | { readonly code: 'planner-not-named' }
  | { readonly code: 'planner-not-allowed' }
  /** Somebody else may approve: then they are to be asked. */
  | { readonly code: 'delay-beside-an-approver' }
  | { readonly code: 'delay-not-over'; readonly until: UnixMillis }

const DAY = 86_400_000

/** Whether a plan may wait on record instead of being approved. */
export function delayProblem({ delay_days, made_by }: DispositionPlan, policy: AccessPolicy): DelayFault | undefined {
  if (delay_days === 0) return { code: 'approval-missing' }
  if (!policy.people.has(made_by)) return { code: 'planner-not-named' }
  if (!mayDo(policy, made_by, 'plan-disposition').allowed) return { code: 'planner-not-allowed' }
  const others = [...policy.people.keys()].filter((person) => person !== made_by)
  const isAnother = others.some((person) => mayDo(policy, person, 'approve-disposition').allowed)
  return isAnother ? { code: 'delay-beside-an-approver' } : undefined
}

/** Whether the delay of a plan that was announced then is over. */
export function judgeDelay(
  plan: DispositionPlan,
  announced_at: UnixMillis,
  { policy, at }: { readonly policy: AccessPolicy; readonly at: UnixMillis },
): DelayFault | undefined {
  const until = delayEnd(plan, announced_at)
  return delayProblem(plan, policy) ?? (at < until ? { code: 'delay-not-over', until } : undefined)
}

/** From when on it can be carried out. */
export function delayEnd({ delay_days }: Pick<DispositionPlan, 'delay_days'>, announced_at: UnixMillis): UnixMillis {
  return announced_at + delay_days * DAY
}
