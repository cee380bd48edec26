// An approval: asked for on record, and decided on record, before the agent goes on (spec/capture.md §1).

import { begin, settle, type Steps } from './begin.ts'
import { agentDraft, captured, contentsOf, userDraft } from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import type { Person } from './facts.ts'
import { expectRunning, stopRun } from './run.ts'

export interface ApprovalRequest {
  /** Why it is asked for. */
  readonly reason: string
  readonly resource_type?: string
  readonly resource_id?: string
  readonly subject_ids?: readonly string[]
  readonly purpose?: string
  /** What whoever decides is shown; sealed. */
  readonly request?: unknown
}

export interface ApprovalDecision extends Person {
  readonly approved: boolean
  readonly reason?: string
}

/**
 * Asks for an approval and resolves with the decision, once both are durable.
 * @throws LedgerError where one of them is not; what `decide` throws, which is recorded as no decision
 */
export async function approval<Decision extends ApprovalDecision>(
  steps: Steps,
  { reason, request, subject_ids, ...about }: ApprovalRequest,
  decide: () => Promise<Decision> | Decision,
): Promise<Decision> {
  const { run } = steps.whereabouts()
  expectRunning(run)
  const started = await steps.started(run)
  const id = steps.newId()
  const { content, uncaptured } = contentsOf(request === undefined ? undefined : captured('request', request))
  const fields = { ...about, ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }) }
  const asked = agentDraft(acting(), {
    id,
    action: 'approval_requested',
    parent_id: run.conversation.question,
    outcome_reason: reason,
    ...fields,
    content,
    details: { uncaptured },
  })
  const begun = begin(steps, [{ kind: 'approval', draft: asked }], started)
  try {
    await begun.needed
    const decision = await decided()
    return decision
  } catch (error) {
    stopRun(run, error)
    throw error
  }

  async function decided(): Promise<Decision> {
    let decision: Decision
    try {
      decision = await decide()
    } catch (error) {
      const failure = contentsOf(errorContent(error))
      await settle(steps, begun, [
        outcome({ outcome: 'error', ...failure, details: errorDetails(error, undefined) }, 'nobody', 'system'),
      ])
      throw error
    }
    const { approved, actor_id, actor_type = 'user', reason: why } = decision
    const fields = { outcome: approved ? ('success' as const) : ('denied' as const), outcome_reason: why }
    await settle(steps, begun, [outcome(fields, actor_id, actor_type)])
    return decision
  }

  function outcome(
    said: Partial<Parameters<typeof userDraft>[1]>,
    actor_id: string,
    actor_type: 'user' | 'admin' | 'system',
  ): Parameters<typeof settle>[2][number] {
    const made = { id: steps.newId(), action: 'approval_decided', parent_id: id, ...fields } as const
    return { kind: 'approval', draft: userDraft(acting(), { ...made, ...said, actor_id, actor_type }) }
  }

  function acting(): Parameters<typeof agentDraft>[0] {
    return { run, agent_name: steps.agent_name, timestamp: steps.now() }
  }
}
