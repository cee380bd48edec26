// What happens in one instant: messages, deliveries, grants and denials, the end of a conversation (spec/capture.md §1).

import { namesOf } from '../registry/tool-names.ts'
import { begin, expectRunning, type Intended, type Steps, settle } from './begin.ts'
import { capturedText, contentsOf, reasonOf } from './captured.ts'
import { agentDraft, decidedDraft, type Fields, type MadeDraft } from './draft-of.ts'
import { recipientOf } from './recipient-of.ts'
import type { Run } from './run.ts'
import type { Person } from './steps.ts'
import { causeOf } from './turns.ts'
import { userMessage } from './user-message.ts'

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
  /** It holds in this conversation alone. */
  readonly conversation_id?: string
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

export async function message(steps: Steps, text: string): Promise<string> {
  const { run } = steps.whereabouts()
  expectRunning(steps, run, undefined)
  const started = await steps.started(run)
  const intended = userMessage(steps, run, text)
  await begin(steps, [intended], [started]).durable
  return intended.draft.id
}

/** Records something before it may happen, and resolves with its id when it is durable. @throws LedgerError */
async function before(steps: Steps, run: Run, intended: Intended): Promise<string> {
  await begin(steps, [intended], [await steps.started(run)]).durable
  return intended.draft.id
}

/** Records something that happened, and resolves with its id when it is durable. @throws LedgerError */
async function after(steps: Steps, run: Run, intended: Intended): Promise<string> {
  await settle(steps, [intended], [await steps.started(run)])
  return intended.draft.id
}

export function delivered(steps: Steps, { characters, answer, recipient }: Delivered): Promise<string> {
  const { run } = steps.whereabouts()
  const last = run.work.answer ?? run.conversation.answer
  const whole = answer === undefined || answer === last?.id ? last?.characters : undefined
  const sent = characters ?? whole
  const draft = agentDraft(steps.acting(run), {
    id: steps.newId(),
    action: 'agent_response_delivered',
    outcome: 'success',
    parent_id: answer ?? last?.id,
    details: {
      characters: sent,
      ...(whole !== undefined && sent !== undefined && sent < whole ? { cut_at: sent } : {}),
      recipient: recipientOf(recipient),
    },
  })
  return after(steps, run, { kind: 'message', draft })
}

export async function grant(
  steps: Steps,
  { approver, access, valid_from, valid_until, reason, subject_ids, conversation_id, ...scope }: Grant,
): Promise<string> {
  const { run } = steps.whereabouts()
  const id = steps.newId()
  // A grant that names a conversation holds in that one alone: the one that it is made in is none of its scope.
  const { conversation_id: _, ...draft } = decided(steps, run, approver, reason, {
    id,
    action: 'access_granted',
    outcome: 'success',
    ...scope,
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }),
    grant_id: scope.grant_id ?? id,
    details: { access: [...access], valid_from, valid_until },
  })
  const scoped = conversation_id === undefined ? draft : { ...draft, conversation_id }
  return before(steps, run, { kind: 'grant', draft: scoped })
}

export function revoke(steps: Steps, { by, grant_id, reason }: Revocation): Promise<string> {
  const { run } = steps.whereabouts()
  const fields = { id: steps.newId(), action: 'access_revoked', outcome: 'success', grant_id } as const
  return after(steps, run, { kind: 'grant', draft: decided(steps, run, by, reason, fields) })
}

export function deny(steps: Steps, { reason, access, tool, subject_ids, ...resource }: Denial): Promise<string> {
  const { run } = steps.whereabouts()
  const { outcome_reason, words } = reasonOf(reason)
  const draft = agentDraft(steps.acting(run), {
    id: steps.newId(),
    action: 'access_denied',
    outcome: 'denied',
    outcome_reason,
    parent_id: causeOf(run),
    ...resource,
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }),
    content: contentsOf(words).content,
    details: { access, ...namesOf(tool, undefined, steps.ledger.digest) },
  })
  return after(steps, run, { kind: 'data', draft })
}

export function disclose(
  steps: Steps,
  { recipient, description, legal_basis, subject_ids, ...what }: Disclosure,
): Promise<string> {
  const { run } = steps.whereabouts()
  expectRunning(steps, run, undefined)
  const { content, uncaptured } = contentsOf(capturedText('description', description))
  const draft = agentDraft(steps.acting(run), {
    id: steps.newId(),
    action: 'data_disclosed',
    outcome: 'success',
    parent_id: causeOf(run),
    ...what,
    ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }),
    content,
    details: { recipient: recipientOf(recipient), legal_basis, access: 'disclose', uncaptured },
  })
  return before(steps, run, { kind: 'data', draft })
}

export function decidePrompt(
  steps: Steps,
  { approver, agent_name, prompt_version, approved, reason }: PromptDecision,
): Promise<string> {
  const { run } = steps.whereabouts()
  const draft = decided(steps, run, approver, reason, {
    id: steps.newId(),
    action: 'approval_decided',
    outcome: approved ? 'success' : 'denied',
    agent_name,
    resource_type: 'agent_prompt',
    resource_id: agent_name,
    prompt_version,
  })
  return before(steps, run, { kind: 'approval', draft })
}

// A person decides: the record says who, and nothing of on whose behalf the agent acts.
function decided(
  steps: Steps,
  run: Run,
  { actor_id, actor_type = 'user' }: Person,
  reason: string | undefined,
  fields: Omit<Fields, 'content' | 'outcome_reason'>,
): MadeDraft {
  const { outcome_reason, words } = reasonOf(reason)
  const { content } = contentsOf(words)
  return decidedDraft(steps.acting(run), { ...fields, outcome_reason, content, actor_id, actor_type })
}
