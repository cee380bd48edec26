// An approval: asked for on record, and decided on record, before the agent goes on (spec/capture.md §1). A framework may tell of
// the same one many times, as long as its history does: with an id of its own it is recorded once.

import type { Outcome } from '../formats/fields.ts'
import { namesOf } from '../registry/tool-names.ts'
import { begin, type Intended, type MadeDraft, type Steps, settle } from './begin.ts'
import { NOTHING_BEGUN } from './begun.ts'
import { agentDraft, captured, contentsOf, type Fields, userDraft } from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import { expectRunning, type Run, runStopped, stopRun } from './run.ts'
import type { Approval, ApprovalEnd, ApprovalStep, Person } from './steps.ts'

/** Asks. @throws LedgerError where the question cannot be recorded */
export async function beginApproval(steps: Steps, step: ApprovalStep): Promise<Approval> {
  const { run } = steps.whereabouts()
  expectRunning(run)
  const stopped = steps.stoppedOperation(step.operation_id)
  if (stopped !== undefined) throw runStopped(stopped.error)
  const id = idOf(steps, run, step, 'requested')
  try {
    const started = await steps.started(run)
    const isKnown = step.approval_id !== undefined && (await steps.ledger.isRecorded(id))
    const begun = isKnown ? NOTHING_BEGUN : begin(steps, [intended(step, requestOf(steps, run, step, id))], started)
    await begun.needed
    let ending: Promise<void> | undefined
    return {
      id,
      end(end) {
        ending ??= decide(end, begun).catch((error) => fail(error))
        return ending
      },
    }
  } catch (error) {
    return fail(error)
  }

  async function decide(end: ApprovalEnd, begun: typeof NOTHING_BEGUN): Promise<void> {
    const decided = idOf(steps, run, step, 'decided')
    const isKnown = step.approval_id !== undefined && (await steps.ledger.isRecorded(decided))
    if (!isKnown)
      await settle(steps, begun, [intended(step, decisionOf(steps, run, step, { id: decided, parent_id: id, end }))])
  }

  function fail(error: unknown): never {
    stopRun(run, error)
    steps.stopOperation(step.operation_id, error)
    throw error
  }
}

function idOf(
  steps: Steps,
  { conversation }: Run,
  { approval_id }: ApprovalStep,
  what: 'requested' | 'decided',
): string {
  if (approval_id === undefined) return steps.newId()
  return steps.ledger.deriveId('capture', `approval_${what}`, conversation.id ?? '', steps.ledger.digest(approval_id))
}

function intended({ approval_id }: ApprovalStep, draft: MadeDraft): Intended {
  if (approval_id === undefined) return { kind: 'approval', draft }
  // Told again later it is the same draft: it claims no time of its own.
  const { timestamp, ...timeless } = draft
  return { kind: 'approval', draft: timeless, once: true }
}

function requestOf(steps: Steps, run: Run, step: ApprovalStep, id: string): MadeDraft {
  const { content, uncaptured } = contentsOf(
    step.arguments === undefined ? undefined : captured('request', step.arguments),
  )
  return agentDraft(actingIn(steps, run), {
    id,
    action: 'approval_requested',
    parent_id: run.conversation.question,
    outcome_reason: step.reason,
    ...aboutOf(step),
    content,
    details: { ...namesOf(step.name, step.call_id, steps.ledger.digest), sdk: step.sdk, layer: step.layer, uncaptured },
  })
}

interface Decision {
  readonly id: string
  readonly parent_id: string
  readonly end: ApprovalEnd
}

function decisionOf(steps: Steps, run: Run, step: ApprovalStep, { id, parent_id, end }: Decision): MadeDraft {
  const { content, uncaptured } = contentsOf(
    end.answer === undefined ? undefined : captured('answer', end.answer),
    errorContent(end.error),
  )
  const fields: Fields = {
    id,
    action: 'approval_decided',
    parent_id,
    outcome: end.approved === 'undecided' ? 'error' : outcomeOf(end.approved),
    outcome_reason: end.reason,
    ...aboutOf(step),
    content,
    details: {
      ...namesOf(step.name, step.call_id, steps.ledger.digest),
      decided_by: typeof end.by === 'string' ? end.by : 'person',
      ...errorDetails(end.error, undefined),
      uncaptured,
    },
  }
  return end.by === 'rule'
    ? agentDraft(actingIn(steps, run), fields)
    : userDraft(actingIn(steps, run), { ...fields, ...personIn(end.by) })
}

function outcomeOf(approved: boolean): Outcome {
  return approved ? 'success' : 'denied'
}

function personIn(by: 'person' | Person): Partial<Fields> {
  return by === 'person' ? {} : { actor_id: by.actor_id, actor_type: by.actor_type ?? 'user' }
}

function aboutOf({ about }: ApprovalStep): Partial<Fields> {
  if (about === undefined) return {}
  const { subject_ids, ...rest } = about
  return { ...rest, ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }) }
}

function actingIn(steps: Steps, run: Run): Parameters<typeof agentDraft>[0] {
  return { run, agent_name: steps.agent_name, timestamp: steps.now() }
}

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
  } catch (error) {
    await approval.end({ approved: 'undecided', by: 'rule', error })
    throw error
  }
  const { approved, actor_id, actor_type = 'user', reason: why } = decision
  await approval.end({ approved, by: { actor_id, actor_type }, ...(why === undefined ? {} : { reason: why }) })
  return decision
}
