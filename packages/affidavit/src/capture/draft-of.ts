// Drafts of capture: what the run says of every step, and what cannot stand in a field made fit for it.

import { labelProblem } from '../bytes/label.ts'
import { type Draft, type DraftContent, MAX_LABEL_BYTES } from '../formats/fields.ts'
import { describeValue } from './describe-value.ts'
import type { Run } from './run.ts'

/** Fields of a draft; a member may be undefined. */
export type Fields = { readonly [Name in Exclude<keyof Draft, 'action' | 'id'>]?: Draft[Name] | undefined } & {
  readonly action: Draft['action']
  readonly id: string
}

export interface Acting {
  readonly run: Run
  /** Of the audit, where the run names none. */
  readonly agent_name: string | undefined
  readonly timestamp: string
}

const UNKNOWN_AGENT = 'unknown-agent'

export function agentName({ run, agent_name }: Pick<Acting, 'run' | 'agent_name'>): string | undefined {
  return run.context?.agent_name ?? agent_name
}

/** A record of what the agent did. */
export function agentDraft(acting: Acting, fields: Fields): Draft & { readonly id: string } {
  const agent = agentName(acting)
  return draftOf(acting, {
    actor_id: agent ?? UNKNOWN_AGENT,
    actor_type: 'agent',
    on_behalf_of: acting.run.context?.actor_id,
    ...fields,
  })
}

/** A record of what the user did; outside of a run, of what came from nobody that is known. */
export function userDraft(acting: Acting, fields: Fields): Draft & { readonly id: string } {
  const { context } = acting.run
  const actor_type = context === undefined ? 'system' : (context.actor_type ?? 'user')
  return draftOf(acting, { actor_id: context?.actor_id ?? 'unknown-user', actor_type, ...fields })
}

function draftOf({ run, timestamp, ...acting }: Acting, fields: Fields): Draft & { readonly id: string } {
  const { context, conversation } = run
  const { subject_ids, details, actor_id = UNKNOWN_AGENT, actor_type = 'system', ...rest } = fields
  const subjects = [...new Set([...(context?.subject_ids ?? []), ...(subject_ids ?? [])])].sort()
  const told = { ...details, ...(conversation.id === undefined ? { outside_run: true } : {}) }
  const draft = {
    timestamp,
    conversation_id: conversation.id,
    agent_name: agentName({ run, ...acting }),
    agent_version: context?.agent_version,
    purpose: context?.purpose,
    grant_id: context?.grant_id,
    source: context?.source,
    ...present(rest),
    ...(subjects.length === 0 ? {} : { subject_ids: subjects }),
    ...(Object.keys(told).length === 0 ? {} : { details: present(told) }),
  }
  return { ...present(draft), id: fields.id, action: fields.action, actor_id, actor_type }
}

function present<T extends object>(object: T): { [Name in keyof T]: Exclude<T[Name], undefined> } {
  const said = Object.entries(object).filter(([, value]) => value !== undefined)
  // Members that were undefined are gone, which is what the type says.
  return Object.fromEntries(said) as { [Name in keyof T]: Exclude<T[Name], undefined> }
}

/** A name from outside as a label: what no label can hold is replaced, and what is too long is cut. */
export function labelOf(text: string): string | undefined {
  if (labelProblem(text, MAX_LABEL_BYTES) === undefined) return text
  const clean = text
    .toWellFormed()
    .replaceAll(/[^\x20-\x7e]/g, '\ufffd')
    .slice(0, 80)
  return clean.length === 0 ? undefined : clean
}

/** A stranger's value as content, and what of it could not be captured. */
export interface Captured {
  readonly content: DraftContent
  readonly text: string
  readonly uncaptured: readonly string[]
}

export function captured(name: string, value: unknown): Captured {
  const { text, media_type, uncaptured } = describeValue(value, name)
  return { content: { name, media_type, body: text }, text, uncaptured }
}

/** Text of a person or a model: kept as it is, but for surrogates without a partner. */
export function textContent(name: string, text: string): Captured {
  const wellFormed = text.isWellFormed()
  return {
    content: { name, media_type: 'text/plain', body: text.toWellFormed() },
    text,
    uncaptured: wellFormed ? [] : [`${name}: unpaired surrogates, kept as U+FFFD`],
  }
}

/** The contents and the details of several values: one record has them all. */
export function contentsOf(...all: readonly (Captured | undefined)[]): {
  readonly content?: DraftContent[]
  readonly uncaptured?: readonly string[]
} {
  const there = all.filter((one) => one !== undefined)
  const uncaptured = there.flatMap((one) => one.uncaptured)
  return {
    ...(there.length === 0 ? {} : { content: there.map(({ content }) => content) }),
    ...(uncaptured.length === 0 ? {} : { uncaptured }),
  }
}
