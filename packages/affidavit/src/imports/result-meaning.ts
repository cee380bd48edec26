// What the result of a call means: data that was touched, an access that was refused, or a decision (spec/import.md §7).

import type { Outcome } from '../formats/fields.ts'
import { type CallData, type Carried, type Details, thingsAbout } from '../registry/call-data.ts'
import type { Approval } from '../registry/classify.ts'
import { type Decision, decisionOf, type ToolOutcome } from '../registry/tool-outcome.ts'
import type { OpenCall, Requested } from './open-calls.ts'
import { agentOf, type RecordFields, type Thread } from './thread.ts'

/** A record without its place. `parent_id` is absent where the result itself is the cause. */
export type Meaning = RecordFields & { readonly kind: 'data' | 'denied' | 'decision'; readonly details: Details }

const UNKNOWN_APPROVER = 'unknown-approver'
/** What nobody described was read, at least. */
const ACTIONS = {
  read: 'data_accessed',
  write: 'data_modified',
  disclose: 'data_disclosed',
  unknown: 'data_accessed',
} as const
const DECIDED: Readonly<Record<Decision, Outcome>> = { approved: 'success', denied: 'denied', unrecognised: 'error' }

/** One for each thing that the call touched, or that the approval is about. */
export function meaningsOf(
  thread: Thread,
  data: CallData,
  open: OpenCall | undefined,
  outcome: ToolOutcome,
): readonly Meaning[] {
  const { approval } = data
  if (approval !== undefined) {
    // An approval tool that failed decided nothing.
    return outcome === 'error' ? [] : thingsAbout(data).map((thing) => decision(thing, approval, open, outcome))
  }
  const act = { ...agentOf(thread), outcome }
  if (outcome === 'denied') {
    return thingsAbout(data).map(({ fields, details }) => ({
      ...act,
      ...fields,
      action: 'access_denied',
      kind: 'denied',
      details,
    }))
  }
  return data.things.map(({ access, fields, details }) => ({
    ...act,
    ...fields,
    action: ACTIONS[access],
    kind: 'data',
    details,
  }))
}

function decision(
  { fields, details }: Carried,
  approval: Approval,
  open: OpenCall | undefined,
  outcome: ToolOutcome,
): Meaning {
  const approver = onlyOne(approval.approver.ids)
  const decided = decisionOf(approval.decision, outcome)
  return {
    ...fields,
    action: 'approval_decided',
    outcome: DECIDED[decided],
    actor_id: approver ?? UNKNOWN_APPROVER,
    actor_type: 'user',
    parent_id: requestOf(open?.requested ?? [], fields)?.id,
    kind: 'decision',
    details: { ...details, decision: decided, approver_unclaimed: approver === undefined ? true : undefined },
  }
}

// A record has one actor, and which of several decided is not guessed.
function onlyOne(ids: readonly string[]): string | undefined {
  return ids.length === 1 ? ids[0] : undefined
}

// What an approval is about may be named in the result only; then it answers the first request.
function requestOf(
  requested: readonly Requested[],
  { resource_type, resource_id }: Carried['fields'],
): Requested | undefined {
  const same = requested.find((one) => one.resource_type === resource_type && one.resource_id === resource_id)
  return same ?? requested[0]
}
