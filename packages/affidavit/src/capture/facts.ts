// What happens in one instant: messages, deliveries, grants and denials, the end of a conversation (spec/capture.md §1).

import type { Draft } from '../formats/fields.ts'
import { begin, type Intended, type Steps } from './begin.ts'
import { agentDraft, contentsOf, textContent, userDraft } from './draft-of.ts'
import { userMessage } from './model-call.ts'
import { expectRunning, type Run } from './run.ts'
import type { Person } from './steps.ts'

export interface Delivered {
  /** Characters that reached the user; all of the answer where left out. */
  readonly characters?: number
  /** Id of the answer; the newest one of the conversation where left out. */
  readonly answer?: string
  /** Whom it was given to, where that is not the user of the run: the registry may say who may receive what. */
  readonly recipient?: string
}

/** What an agent may do, from when until when, and by whose leave (spec/authority.md). */
export interface Grant {
  readonly approver: Person
  /** Its name; the id of its record where left out. */
  readonly grant_id?: string
  /** The agent that is granted; that of the run or the audit where left out. */
  readonly agent_name?: string
  /** It holds only for acts on behalf of this person. */
  readonly on_behalf_of?: string
  readonly resource_type: string
  readonly resource_id?: string
  readonly subject_ids?: readonly string[]
  readonly purpose?: string
  readonly access: readonly ('read' | 'write' | 'disclose')[]
  /** UTC, RFC 3339 with milliseconds. */
  readonly valid_from: string
  readonly valid_until: string
  readonly reason?: string
}

export interface Revocation {
  readonly by: Person
  readonly grant_id: string
  readonly reason: string
}

/** An access that the application refused. */
export interface Denial {
  readonly resource_type: string
  readonly resource_id?: string
  readonly subject_ids?: readonly string[]
  readonly access?: 'read' | 'write' | 'disclose'
  readonly reason: string
  readonly tool?: string
}

/** Data that leaves the house. */
export interface Disclosure {
  readonly recipient: string
  /** What was disclosed, in words. */
  readonly description: string
  readonly purpose: string
  readonly legal_basis: string
  readonly resource_type: string
  readonly resource_id?: string
  readonly subject_ids?: readonly string[]
}

export interface PromptDecision {
  readonly approver: Person
  readonly agent_name: string
  readonly prompt_version: string
  readonly approved: boolean
  readonly reason?: string
}

/** Records something, and resolves with its id when it is durable. @throws LedgerError */
async function put(steps: Steps, run: Run, intended: Intended): Promise<string> {
  const started = run.context === undefined ? undefined : await steps.started(run)
  await begin(steps, [intended], started).durable
  return intended.draft.id
}

function acting(steps: Steps, run: Run): Parameters<typeof agentDraft>[0] {
  return { run, agent_name: steps.agent_name, timestamp: steps.now() }
}

export async function message(steps: Steps, text: string): Promise<string> {
  const { run } = steps.whereabouts()
  expectRunning(run)
  const started = await steps.started(run)
  const intended = userMessage(steps, run, text)
  run.conversation.told.add(text)
  await begin(steps, [intended], started).durable
  return intended.draft.id
}

export function delivered(steps: Steps, { characters, answer, recipient }: Delivered): Promise<string> {
  const { run } = steps.whereabouts()
  const last = run.conversation.answer
  const whole = last === undefined || (answer !== undefined && answer !== last.id) ? undefined : last.characters
  const sent = characters ?? whole
  const draft = agentDraft(acting(steps, run), {
    id: steps.newId(),
    action: 'agent_response_delivered',
    outcome: 'success',
    parent_id: answer ?? last?.id,
    details: {
      characters: sent,
      ...(whole !== undefined && sent !== undefined && sent < whole ? { cut_at: sent } : {}),
      recipient,
    },
  })
  return put(steps, run, { kind: 'message', draft })
}

export function grant(
  steps: Steps,
  { approver, access, valid_from, valid_until, reason, subject_ids, ...scope }: Grant,
): Promise<string> {
  const { run } = steps.whereabouts()
  const id = steps.newId()
  const draft = decided(steps, run, approver, {
    id,
    action: 'access_granted',
    outcome: 'success',
    outcome_reason: reason,
    ...scope,
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }),
    grant_id: scope.grant_id ?? id,
    details: { access: [...access], valid_from, valid_until },
  })
  return put(steps, run, { kind: 'grant', draft })
}

export function revoke(steps: Steps, { by, grant_id, reason }: Revocation): Promise<string> {
  const { run } = steps.whereabouts()
  const draft = decided(steps, run, by, {
    id: steps.newId(),
    action: 'access_revoked',
    grant_id,
    outcome_reason: reason,
  })
  return put(steps, run, { kind: 'grant', draft })
}

export function deny(steps: Steps, { reason, access, tool, subject_ids, ...resource }: Denial): Promise<string> {
  const { run } = steps.whereabouts()
  const draft = agentDraft(acting(steps, run), {
    id: steps.newId(),
    action: 'access_denied',
    outcome: 'denied',
    outcome_reason: reason,
    parent_id: run.conversation.question,
    ...resource,
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }),
    details: { access, tool },
  })
  return put(steps, run, { kind: 'data', draft })
}

export function disclose(
  steps: Steps,
  { recipient, description, legal_basis, subject_ids, ...what }: Disclosure,
): Promise<string> {
  const { run } = steps.whereabouts()
  const { content } = contentsOf(textContent('description', description))
  const draft = agentDraft(acting(steps, run), {
    id: steps.newId(),
    action: 'data_disclosed',
    outcome: 'success',
    parent_id: run.conversation.question,
    ...what,
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }),
    content,
    details: { recipient, legal_basis, access: 'disclose' },
  })
  return put(steps, run, { kind: 'data', draft })
}

export function decidePrompt(
  steps: Steps,
  { approver, agent_name, prompt_version, approved, reason }: PromptDecision,
): Promise<string> {
  const { run } = steps.whereabouts()
  const draft = decided(steps, run, approver, {
    id: steps.newId(),
    action: 'approval_decided',
    outcome: approved ? 'success' : 'denied',
    outcome_reason: reason,
    agent_name,
    resource_type: 'agent_prompt',
    resource_id: agent_name,
    prompt_version,
  })
  return put(steps, run, { kind: 'approval', draft })
}

export function ended(steps: Steps, run: Run, why: 'call' | 'idle'): Promise<string> {
  const draft = agentDraft(acting(steps, run), {
    id: steps.newId(),
    action: 'conversation_ended',
    parent_id: run.conversation.started?.id,
    outcome_reason: why === 'call' ? 'ended by the application' : 'nothing was recorded of it any more',
  })
  return put(steps, run, { kind: 'message', draft })
}

// A person decides: the record says who, and nothing of on whose behalf the agent acts.
function decided(
  steps: Steps,
  run: Run,
  { actor_id, actor_type = 'user' }: Person,
  fields: Parameters<typeof userDraft>[1],
): Draft & { readonly id: string } {
  return userDraft(acting(steps, run), { ...fields, actor_id, actor_type })
}
