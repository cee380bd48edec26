// Drafts of capture: what the run says of every step (spec/capture.md §1).

import { present } from '../bytes/present.ts'
import type { Draft } from '../formats/fields.ts'
import { fitDetails } from './fit-details.ts'
import type { Run } from './run.ts'

export type MadeDraft = Draft & { readonly id: string }

/** Fields of a draft; a member may be undefined. */
export type Fields = { readonly [Name in Exclude<keyof Draft, 'action' | 'id'>]?: Draft[Name] | undefined } & {
  readonly action: Draft['action']
  readonly id: string
}

/** Who does something, and when. */
export interface Acting {
  readonly run: Run
  /** Of the run, else of the audit. */
  readonly agent_name: string | undefined
  readonly timestamp: string
}

const UNKNOWN_AGENT = 'unknown-agent'
const UNKNOWN_USER = 'unknown-user'

/** A record of what the agent did. */
export function agentDraft(acting: Acting, fields: Fields): MadeDraft {
  return draftOf(acting, {
    actor_id: acting.agent_name ?? UNKNOWN_AGENT,
    actor_type: 'agent',
    on_behalf_of: acting.run.context?.actor_id,
    ...fields,
  })
}

/** A record of what the user did; outside of a run, of what came from nobody that is known. */
export function userDraft(acting: Acting, fields: Fields): MadeDraft {
  const { context } = acting.run
  const actor_type = context === undefined ? 'system' : (context.actor_type ?? 'user')
  return draftOf(acting, { actor_id: context?.actor_id ?? UNKNOWN_USER, actor_type, ...fields })
}

/** A record of what a person decided: whom it is about, and why, is that person's word and not the run's. */
export function decidedDraft(
  acting: Acting,
  fields: Fields & Required<Pick<Draft, 'actor_id' | 'actor_type'>>,
): MadeDraft {
  const { context, ...run } = acting.run
  if (context === undefined) return draftOf(acting, fields)
  const { subject_ids: _, purpose: __, grant_id: ___, ...rest } = context
  return draftOf({ ...acting, run: { ...run, context: rest } }, fields)
}

function draftOf({ run, agent_name, timestamp }: Acting, fields: Fields): MadeDraft {
  const { context, conversation } = run
  const { id, action, subject_ids, details, actor_id = UNKNOWN_AGENT, actor_type = 'system', ...rest } = fields
  const subjects = [...new Set([...(context?.subject_ids ?? []), ...(subject_ids ?? [])])].sort()
  const told = fitDetails({ ...details, ...(conversation.id === undefined ? { outside_run: true } : {}) })
  return {
    id,
    action,
    actor_id,
    actor_type,
    timestamp,
    ...present({
      conversation_id: conversation.id,
      agent_name,
      agent_version: context?.agent_version,
      purpose: context?.purpose,
      grant_id: context?.grant_id,
      source: context?.source,
    }),
    ...present(rest),
    ...(subjects.length === 0 ? {} : { subject_ids: subjects }),
    ...(Object.keys(told).length === 0 ? {} : { details: told }),
  }
}
