// An approval: asked for on record, and decided on record, before the agent goes on (spec/capture.md §1). A framework may tell of
// the same one many times, as long as its history does: with an id of its own it is recorded once.

import type { Outcome } from '../formats/fields.ts'
import { namesOf } from '../registry/tool-names.ts'
import { begin, expectRunning, type Intended, type Steps, settle, stop } from './begin.ts'
import { type Begun, NOTHING_BEGUN } from './begun.ts'
import { captured, contentsOf, reasonOf } from './captured.ts'
import { agentDraft, type Fields, type MadeDraft, userDraft } from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import type { Run } from './run.ts'
import type { Approval, ApprovalEnd, ApprovalStep, Person } from './steps.ts'
import { fieldsOf } from './touching.ts'
import { causeOf } from './turns.ts'

/** Asks. @throws LedgerError where the question cannot be recorded */
export async function beginApproval(steps: Steps, step: ApprovalStep): Promise<Approval> {
  const { run } = steps.whereabouts()
  expectRunning(steps, run, step.operation_id)
  const id = idOf(steps, run, step, ['requested'])
  const begun = await orStop(steps, run, step, async () => {
    const started = await steps.started(run)
    if (await isKnown(steps, step, id)) return NOTHING_BEGUN
    const begun = begin(steps, [intended(step, requestOf(steps, run, step, id))], [started])
    await begun.needed
    return begun
  })
  let ending: Promise<void> | undefined
  return {
    id,
    end(end) {
      ending ??= orStop(steps, run, step, () => decide(steps, run, step, { parent_id: id, end, begun }))
      return ending
    },
  }
}

interface Decision {
  readonly parent_id: string
  readonly end: ApprovalEnd
  readonly begun: Begun
}

// Told again it is the same decision. One that says otherwise is another record.
async function decide(steps: Steps, run: Run, step: ApprovalStep, { begun, ...decision }: Decision): Promise<void> {
  const id = idOf(steps, run, step, ['decided', String(decision.end.approved)])
  if (await isKnown(steps, step, id)) return begun.durable
  return settle(steps, [intended(step, decisionOf(steps, run, step, { id, ...decision }))], [begun])
}

async function orStop<T>(steps: Steps, run: Run, step: ApprovalStep, record: () => Promise<T>): Promise<T> {
  try {
    return await record()
  } catch (error) {
    stop(steps, run, step.operation_id, error)
    throw error
  }
}

function idOf(
  { ledger, newId }: Steps,
  { conversation }: Run,
  { approval_id }: ApprovalStep,
  [what, ...how]: readonly string[],
): string {
  if (approval_id === undefined) return newId()
  return ledger.deriveId('capture', `approval_${what}`, conversation.id ?? '', ledger.digest(approval_id), ...how)
}

// Where the record may wait on disk, a ledger that cannot be asked is told: the id says that it is the same.
async function isKnown(
  { ledger, recorder, policies }: Steps,
  { approval_id }: ApprovalStep,
  id: string,
): Promise<boolean> {
  if (approval_id === undefined) return false
  if (policies.approval === 'block') return ledger.isRecorded(id)
  if (recorder.degraded() !== undefined) return false
  return ledger.isRecorded(id).catch(() => false)
}

function intended({ approval_id }: ApprovalStep, draft: MadeDraft): Intended {
  if (approval_id === undefined) return { kind: 'approval', draft }
  // Told again later it is the same draft: it claims no time of its own.
  const { timestamp: _, ...timeless } = draft
  return { kind: 'approval', draft: timeless, once: true }
}

function requestOf(steps: Steps, run: Run, step: ApprovalStep, id: string): MadeDraft {
  const { outcome_reason, words } = reasonOf(step.reason)
  const request = step.arguments === undefined ? undefined : captured('request', step.arguments)
  const { content, uncaptured } = contentsOf(request, words)
  const about = aboutOf(steps, step)
  return agentDraft(steps.acting(run), {
    id,
    action: 'approval_requested',
    parent_id: causeOf(run),
    outcome_reason,
    ...about.fields,
    content,
    details: { ...about.details, sdk: step.sdk, layer: step.layer, uncaptured },
  })
}

function decisionOf(
  steps: Steps,
  run: Run,
  step: ApprovalStep,
  { id, parent_id, end }: { readonly id: string; readonly parent_id: string; readonly end: ApprovalEnd },
): MadeDraft {
  const { outcome_reason, words } = reasonOf(end.reason)
  const answer = end.answer === undefined ? undefined : captured('answer', end.answer)
  const { content, uncaptured } = contentsOf(answer, errorContent(end.error), words)
  const about = aboutOf(steps, step)
  const fields: Fields = {
    id,
    action: 'approval_decided',
    parent_id,
    outcome: outcomeOf(end.approved),
    outcome_reason,
    ...about.fields,
    content,
    details: {
      ...about.details,
      decided_by: typeof end.by === 'string' ? end.by : 'person',
      ...errorDetails(end.error, undefined),
      uncaptured,
    },
  }
  return end.by === 'rule'
    ? agentDraft(steps.acting(run), fields)
    : userDraft(steps.acting(run), { ...fields, ...personIn(end.by) })
}

function outcomeOf(approved: ApprovalEnd['approved']): Outcome {
  if (approved === 'undecided') return 'error'
  return approved ? 'success' : 'denied'
}

function personIn(by: 'person' | Person): Partial<Fields> {
  return by === 'person' ? {} : { actor_id: by.actor_id, actor_type: by.actor_type ?? 'user' }
}

/** What it is about: the call that waits, and the data. */
function aboutOf(
  { ledger: { digest } }: Steps,
  { about, name, call_id }: ApprovalStep,
): { readonly fields: Partial<Fields>; readonly details: object } {
  const names = namesOf(name, call_id, digest)
  if (about === undefined) return { fields: {}, details: names }
  const { fields, details } = fieldsOf(about, digest)
  return { fields, details: { ...names, ...details } }
}
