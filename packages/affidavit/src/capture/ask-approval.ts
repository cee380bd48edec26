// An approval that the application asks for itself.

import { idProblem } from '../bytes/label.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { beginApproval } from './approval.ts'
import type { Steps } from './begin.ts'
import type { ApprovalStep, Person } from './steps.ts'

export interface ApprovalDecision extends Person {
  readonly approved: boolean
  readonly reason?: string
}

export interface ApprovalRequest {
  /** Why it is asked for. */
  readonly reason: string
  readonly about?: NonNullable<ApprovalStep['about']>
  /** What whoever decides is shown; sealed. */
  readonly request?: unknown
}

/**
 * Asks, and resolves with the decision once both are durable.
 * @throws LedgerError where one of them is not; what `decide` throws, once that is on record
 */
export async function askApproval<Decision extends ApprovalDecision>(
  steps: Steps,
  { reason, request, about }: ApprovalRequest,
  decide: () => Promise<Decision> | Decision,
): Promise<Decision> {
  const approval = await beginApproval(steps, {
    sdk: 'application',
    layer: 'application',
    reason,
    ...(about === undefined ? {} : { about }),
    ...(request === undefined ? {} : { arguments: request }),
  })
  let decision: Decision
  try {
    decision = await decide()
    expectDecision(decision)
  } catch (error) {
    await approval.end({ approved: 'undecided', by: 'rule', error })
    throw error
  }
  const { approved, actor_id, actor_type = 'user', reason: why } = decision
  await approval.end({ approved, by: { actor_id, actor_type }, ...(why === undefined ? {} : { reason: why }) })
  return decision
}

// Nothing else is taken for a yes, and nobody for somebody.
function expectDecision(decision: unknown): void {
  const { approved, actor_id }: { readonly [name: string]: unknown } = Object(decision)
  const isSomebody = typeof actor_id === 'string' && idProblem(actor_id, MAX_LABEL_BYTES) === undefined
  if (typeof approved !== 'boolean' || !isSomebody)
    throw new TypeError('an approval is decided with { approved: true or false, actor_id: who decided }')
}
