// The records of a tool call: what was asked of it, what it answered, and what that meant by the registry (spec/capture.md §1).

import { JsonFault, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import type { Outcome } from '../formats/fields.ts'
import { type CallData, type Carried, callData, type Thing, thingsAbout } from '../registry/call-data.ts'
import { EMPTY_REGISTRY } from '../registry/empty-registry.ts'
import { namesOf } from '../registry/tool-names.ts'
import { decisionOf, outcomeOfText, type ToolOutcome } from '../registry/tool-outcome.ts'
import type { AskedCall } from './asked.ts'
import type { Intended, Steps } from './begin.ts'
import { type Captured, captured, contentsOf, reasonOf } from './captured.ts'
import { agentDraft, type Fields, type MadeDraft, userDraft } from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import type { Run } from './run.ts'
import type { ToolEnd, ToolStep } from './steps.ts'
import { dataOf } from './touching.ts'
import { causeOf, turnOf } from './turns.ts'

/** A call as it is known before it runs. */
export interface KnownCall {
  /** Of its `tool_invoked`. */
  readonly id: string
  readonly run: Run
  readonly step: ToolStep
  /** `data`: an access without a tool, which is its own outcome. */
  readonly kind: 'tool' | 'data'
  readonly asked: AskedCall | undefined
  readonly arguments: Captured
  readonly names: ReturnType<typeof namesOf>
  /** What it touches, as far as that is known. */
  touched(result: JsonValue | undefined): CallData
}

/** Reads a call: nothing that anybody does to its arguments later changes what is recorded. */
export function readCall(
  steps: Steps,
  run: Run,
  step: ToolStep,
  { kind, asked }: Pick<KnownCall, 'kind' | 'asked'>,
): KnownCall {
  const { digest, registry = EMPTY_REGISTRY } = steps.ledger
  const { agent_name: agent } = steps.acting(run)
  const given = captured('arguments', step.arguments)
  const value = jsonIn(given)
  const { name, call_id = asked?.call_id, touches } = step
  return {
    id: steps.newId(),
    run,
    step,
    kind,
    asked,
    arguments: given,
    names: namesOf(name, call_id, digest),
    touched: (result) =>
      touches === undefined
        ? callData({ registry, agent, digest }, { tool: name, arguments: value, result })
        : dataOf(touches, digest),
  }
}

// A text is looked into by the registry itself, also one that two readers could read differently.
function jsonIn({ text, content }: Captured): JsonValue {
  if (content.media_type === 'text/plain') return text
  try {
    return parseJson(text, PLAIN_JSON)
  } catch (error) {
    if (error instanceof JsonFault) return text
    throw error
  }
}

/** `tool_invoked`, and where the tool asks for an approval, `approval_requested` about each thing. */
export function intentsOf(steps: Steps, call: KnownCall): readonly Intended[] {
  const data = call.touched(undefined)
  // What the call may touch must not be touched without its record, however the tool itself is kept.
  const kind = call.kind === 'tool' && data.things.length > 0 && steps.policies.data === 'block' ? 'data' : call.kind
  const invoked = { kind, draft: invocation(steps, call, data) }
  if (data.approval === undefined) return [invoked]
  const requests = thingsAbout(data).map(({ fields, details }) =>
    agentDraft(steps.acting(call.run), {
      id: steps.newId(),
      action: 'approval_requested',
      parent_id: call.id,
      ...said(fields),
      details: { ...call.names, ...details },
    }),
  )
  return [invoked, ...requests.map((draft) => ({ kind: 'approval', draft }) as const)]
}

function invocation(steps: Steps, call: KnownCall, data: CallData): MadeDraft {
  const { run, step, asked, names } = call
  const [thing, another] = data.things
  const only = another === undefined ? thing : undefined
  const { content, uncaptured } = contentsOf(call.arguments)
  return agentDraft(steps.acting(run), {
    id: call.id,
    action: 'tool_invoked',
    parent_id: asked?.answer ?? causeOf(run),
    ...said(data.call.fields),
    // One thing is named beforehand: should there be no outcome, this may have been touched.
    ...(only === undefined ? {} : said(only.fields)),
    content,
    details: {
      ...names,
      sdk: step.sdk,
      layer: step.layer,
      ...(only === undefined ? {} : { access: only.access }),
      ...data.call.details,
      uncaptured,
    },
  })
}

// A list that is empty says nothing, and a member that is undefined must not hide what the run says.
function said(fields: Carried['fields']): Omit<Fields, 'action' | 'id'> {
  const there = Object.entries(fields).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(there)
}

/** `tool_completed`, and what the call meant; of an access without a tool that alone. */
export function outcomesOf(
  steps: Steps,
  call: KnownCall,
  intents: readonly Intended[],
  end: ToolEnd,
): readonly Intended[] {
  const { run, kind } = call
  const result = end.result === undefined ? undefined : captured('result', end.result)
  const data = call.touched(result === undefined ? null : jsonIn(result))
  const outcome = outcomeOf(end, result)
  const completed = completion(steps, call, data, { end, result, outcome })
  if (data.approval !== undefined) {
    const decisions = decisionsOf(steps, call, data, { intents, outcome })
    return [{ kind, draft: completed }, ...decisions.map((draft) => ({ kind: 'approval', draft }) as const)]
  }
  const parent_id = kind === 'tool' ? completed.id : call.id
  const touched = meaningsOf(steps, call, data, { outcome, parent_id, end })
  const [first, ...rest] = touched
  const drafts =
    kind === 'tool' || first === undefined ? [completed, ...touched] : [withContent(first, completed), ...rest]
  const { accessed } = turnOf(run)
  return drafts.map((draft) => ({
    kind: draft === completed ? kind : 'data',
    draft,
    ...(draft.action === 'data_accessed' ? { recorded: () => void accessed.push(draft.id) } : {}),
  }))
}

interface Ending {
  readonly end: ToolEnd
  readonly result: Captured | undefined
  readonly outcome: Outcome
}

function completion(
  steps: Steps,
  { id, run, names }: KnownCall,
  data: CallData,
  { end, result, outcome }: Ending,
): MadeDraft {
  const { outcome_reason, words } = reasonOf(end.outcome_reason)
  const { content, uncaptured } = contentsOf(result, errorContent(end.error), words)
  return agentDraft(steps.acting(run), {
    id: steps.newId(),
    action: 'tool_completed',
    parent_id: id,
    outcome,
    outcome_reason,
    ...said(data.call.fields),
    content,
    details: { ...names, ended: end.ended, ...errorDetails(end.error, undefined), ...data.call.details, uncaptured },
  })
}

// What a tool answers may be a refusal of authority; what it throws is an error.
function outcomeOf({ outcome, ended }: ToolEnd, result: Captured | undefined): Outcome {
  if (outcome !== undefined) return outcome
  if (ended === 'cancelled' || ended === 'cut') return 'failure'
  return outcomeOfText(result?.text ?? '', ended === 'failed' ? 'error' : 'unflagged')
}

const ACTIONS = {
  read: 'data_accessed',
  write: 'data_modified',
  disclose: 'data_disclosed',
  unknown: 'data_accessed',
} as const

interface Meaning {
  readonly outcome: Outcome
  readonly parent_id: string
  readonly end: ToolEnd
}

/** One record for each thing that was touched, or that was refused. */
function meaningsOf(
  steps: Steps,
  { run, names }: KnownCall,
  data: CallData,
  { outcome, parent_id, end }: Meaning,
): readonly MadeDraft[] {
  const isDenied = outcome === 'denied'
  const about: readonly (Carried & { readonly access?: Thing['access'] })[] = isDenied ? thingsAbout(data) : data.things
  return about.map(({ access, fields, details }) =>
    agentDraft(steps.acting(run), {
      id: steps.newId(),
      action: isDenied ? 'access_denied' : ACTIONS[access ?? 'unknown'],
      parent_id,
      outcome,
      outcome_reason: reasonOf(end.outcome_reason).outcome_reason,
      ...said(fields),
      details: { ...names, ...(access === undefined ? {} : { access }), ...details },
    }),
  )
}

function withContent(meaning: MadeDraft, { content, details }: MadeDraft): MadeDraft {
  return { ...meaning, ...(content === undefined ? {} : { content }), details: { ...details, ...meaning.details } }
}

const DECIDED = { approved: 'success', denied: 'denied', unrecognised: 'error' } as const
const UNKNOWN_APPROVER = 'unknown-approver'

/** What an approval tool answered, about each thing. One that failed decided nothing. */
function decisionsOf(
  steps: Steps,
  { run, names }: KnownCall,
  data: CallData,
  { intents, outcome }: { readonly intents: readonly Intended[]; readonly outcome: Outcome },
): readonly MadeDraft[] {
  if (data.approval === undefined || outcome === 'error' || outcome === 'failure') return []
  const { approver, decision } = data.approval
  const [only, another] = approver.ids
  const decided = decisionOf(decision, outcome satisfies ToolOutcome)
  const requests = intents.map(({ draft }) => draft).filter(({ action }) => action === 'approval_requested')
  return thingsAbout(data).map(({ fields, details }, i) =>
    userDraft(steps.acting(run), {
      id: steps.newId(),
      action: 'approval_decided',
      parent_id: (requests[i] ?? requests[0])?.id,
      outcome: DECIDED[decided],
      ...said(fields),
      // A record has one actor, and which of several decided is not guessed.
      actor_id: another === undefined && only !== undefined ? only : UNKNOWN_APPROVER,
      actor_type: 'user',
      details: { ...names, ...details, decision: decided },
    }),
  )
}
