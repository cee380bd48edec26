// A call of a tool, or an access to data: what is recorded before it runs and after it (spec/capture.md §1).

import { JsonFault, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Draft, Outcome } from '../formats/fields.ts'
import { type CallData, type Carried, callData, type Thing, thingsAbout } from '../registry/call-data.ts'
import { EMPTY_REGISTRY } from '../registry/empty-registry.ts'
import { namesOf } from '../registry/tool-names.ts'
import { decisionOf, outcomeOfText, type ToolOutcome } from '../registry/tool-outcome.ts'
import { begin, type Intended, type MadeDraft, type Steps, settle } from './begin.ts'
import type { Begun } from './begun.ts'
import type { AskedCall } from './conversations.ts'
import { agentDraft, agentName, type Captured, captured, contentsOf, type Fields, userDraft } from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import { expectRunning, type Run, runStopped, stopRun } from './run.ts'
import type { ToolCall, ToolEnd, ToolStep, Touching } from './steps.ts'

/** What a call touches, by what its caller says, else by the registry. */
const ACTIONS = {
  read: 'data_accessed',
  write: 'data_modified',
  disclose: 'data_disclosed',
  unknown: 'data_accessed',
} as const
const DECIDED = { approved: 'success', denied: 'denied', unrecognised: 'error' } as const
const UNKNOWN_APPROVER = 'unknown-approver'

/** Begins a call, in the run that it belongs to. @throws LedgerError where it may not run */
export async function beginToolCall(steps: Steps, step: ToolStep, kind: 'tool' | 'data' = 'tool'): Promise<ToolCall> {
  const { run, tool: outer } = steps.whereabouts()
  if (outer !== undefined && outer.name === step.name) return innerCall(outer.call)
  expectRunning(run)
  const stopped = steps.stoppedOperation(step.operation_id)
  if (stopped !== undefined) throw runStopped(stopped.error)
  try {
    const started = await steps.started(run)
    const asked = takeAsked(run, step)
    const known = describeCall(steps, run, step, asked)
    const intents = intentsOf(steps, run, known)
    const begun = begin(
      steps,
      intents.map((draft) => ({ kind, draft })),
      started,
    )
    await begun.needed
    return outerCall(steps, known, kind, begun, intents)
  } catch (error) {
    stop(steps, run, step, error)
    throw error
  }
}

// A call that is refused for whom it hands data to is on record as that: the agent may go on without it.
function stop(steps: Steps, run: Run, { operation_id }: ToolStep, error: unknown): void {
  if (error instanceof LedgerError && error.code === 'recipient-refused') return
  stopRun(run, error)
  steps.stopOperation(operation_id, error)
}

/** A call as it is known before it runs. */
interface Known {
  readonly run: Run
  readonly step: ToolStep
  readonly asked: AskedCall | undefined
  readonly id: string
  readonly arguments: Captured
  readonly data: (result: JsonValue | undefined) => CallData
  readonly names: ReturnType<typeof namesOf>
}

function describeCall(steps: Steps, run: Run, step: ToolStep, asked: AskedCall | undefined): Known {
  const given = captured('arguments', step.arguments)
  const judge = {
    registry: steps.ledger.registry ?? EMPTY_REGISTRY,
    agent: agentName({ run, agent_name: steps.agent_name }),
    digest: steps.ledger.digest,
  }
  const value = jsonIn(given)
  return {
    run,
    step,
    asked,
    id: steps.newId(),
    arguments: given,
    data: (result) =>
      step.touches === undefined
        ? callData(judge, { tool: step.name, arguments: value, result })
        : touchingData(step.touches),
    names: namesOf(step.name, step.call_id ?? asked?.call_id, steps.ledger.digest),
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

// What the caller says it touches is not less strict for that: nothing classifies it but the floor of its agent.
function touchingData(touches: readonly Touching[]): CallData {
  const things: Thing[] = touches.map(({ access, subject_ids, ...fields }) => ({
    access,
    fields: { ...fields, ...(subject_ids === undefined ? {} : { subject_ids: [...subject_ids] }) },
    details: {},
  }))
  const subjects = [...new Set(touches.flatMap(({ subject_ids }) => subject_ids ?? []))].sort()
  return {
    call: { fields: subjects.length === 0 ? {} : { subject_ids: subjects }, details: {} },
    things,
    approval: undefined,
  }
}

/** The answer that asked for this call: by the model's id of it, else the oldest one of the same name and arguments. */
function takeAsked(
  { conversation: { asked } }: Run,
  { name, call_id, arguments: given }: ToolStep,
): AskedCall | undefined {
  const same = [...asked].filter(([, call]) => call.name === name)
  const found =
    call_id === undefined
      ? (same.find(([, call]) => sameArguments(call.arguments, given)) ?? (same.length === 1 ? same[0] : undefined))
      : same.find(([, call]) => call.call_id === call_id)
  if (found === undefined) return undefined
  asked.delete(found[0])
  return found[1]
}

function sameArguments(asked: unknown, given: unknown): boolean {
  return compact(asked) === compact(given)
}

function compact(value: unknown): string {
  const { text } = captured('arguments', value)
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return text
  }
}

function intentsOf(steps: Steps, run: Run, known: Known): readonly MadeDraft[] {
  const data = known.data(undefined)
  const invoked = invocation(steps, run, known, data)
  if (data.approval === undefined) return [invoked]
  const requests = thingsAbout(data).map(({ fields, details }) =>
    agentDraft(actingIn(steps, run), {
      id: steps.newId(),
      action: 'approval_requested',
      parent_id: known.id,
      ...fieldsOf(fields),
      details: { ...known.names, ...details },
    }),
  )
  return [invoked, ...requests]
}

function invocation(steps: Steps, run: Run, known: Known, data: CallData): MadeDraft {
  const { conversation } = run
  const [thing, another] = data.things
  const only = another === undefined ? thing : undefined
  const { content, uncaptured } = contentsOf(known.arguments)
  return agentDraft(actingIn(steps, run), {
    id: known.id,
    action: 'tool_invoked',
    parent_id: known.asked?.answer ?? conversation.question ?? conversation.started?.id,
    ...fieldsOf(data.call.fields),
    // One thing is named beforehand: should there be no outcome, this may have been touched.
    ...(only === undefined ? {} : fieldsOf(only.fields)),
    content,
    details: {
      ...known.names,
      sdk: known.step.sdk,
      layer: known.step.layer,
      ...(only === undefined ? {} : { access: only.access }),
      ...data.call.details,
      uncaptured,
    },
  })
}

function actingIn(steps: Steps, run: Run): Parameters<typeof agentDraft>[0] {
  return { run, agent_name: steps.agent_name, timestamp: steps.now() }
}

// A list that is empty says nothing, and a member that is undefined must not hide what the run says.
function fieldsOf(fields: Carried['fields']): Omit<Fields, 'action' | 'id'> {
  const said = Object.entries(fields).filter(
    ([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
  )
  return Object.fromEntries(said)
}

function innerCall(outer: ToolCall): ToolCall {
  return { id: outer.id, seen: 'inner', enter: (fn) => fn(), end: async () => undefined }
}

function outerCall(
  steps: Steps,
  known: Known,
  kind: 'tool' | 'data',
  begun: Begun,
  intents: readonly MadeDraft[],
): ToolCall {
  const { run, step } = known
  let ending: Promise<void> | undefined
  const call: ToolCall = {
    id: known.id,
    seen: 'first',
    enter: (fn) => steps.where.run({ ...steps.whereabouts(), run, tool: { name: step.name, call } }, fn),
    end(end) {
      ending ??= finish(end)
      return ending
    },
  }
  return call

  async function finish(end: ToolEnd): Promise<void> {
    try {
      await settle(steps, begun, outcomesOf(steps, known, kind, intents, end))
    } catch (error) {
      stop(steps, run, step, error)
      throw error
    }
  }
}

function outcomesOf(
  steps: Steps,
  known: Known,
  kind: 'tool' | 'data',
  intents: readonly MadeDraft[],
  end: ToolEnd,
): readonly Intended[] {
  const { run } = known
  const result = end.result === undefined ? undefined : captured('result', end.result)
  const failure = errorContent(end.error)
  const outcome = judged(end, result)
  const data = known.data(result === undefined ? null : jsonIn(result))
  const { content, uncaptured } = contentsOf(result, failure)
  const completion = agentDraft(actingIn(steps, run), {
    id: steps.newId(),
    action: 'tool_completed',
    parent_id: known.id,
    outcome,
    outcome_reason: end.outcome_reason,
    ...fieldsOf(data.call.fields),
    content,
    details: {
      ...known.names,
      ended: end.ended,
      ...errorDetails(end.error, undefined),
      ...data.call.details,
      uncaptured,
    },
  })
  const parent_id = kind === 'tool' ? completion.id : known.id
  const meanings = meaningsOf(steps, known, data, { outcome, parent_id, intents, end })
  run.conversation.accessed.push(...meanings.filter(isAccess).map(({ id }) => id))
  // An access without a tool is its own outcome, and has the content.
  const [first, ...rest] = meanings
  const all =
    kind === 'tool' || first === undefined
      ? [completion, ...meanings]
      : [
          {
            ...first,
            ...(content === undefined ? {} : { content }),
            details: { ...completion.details, ...first.details },
          },
          ...rest,
        ]
  return all.map((draft) => ({ kind, draft }))
}

function isAccess({ action }: Draft): boolean {
  return action === 'data_accessed'
}

// What a tool answers may be a refusal of authority; what it throws is an error.
function judged({ outcome, ended }: ToolEnd, result: Captured | undefined): Outcome {
  if (outcome !== undefined) return outcome
  if (ended === 'cancelled' || ended === 'cut') return 'failure'
  return outcomeOfText(result?.text ?? '', ended === 'failed' ? 'error' : 'unflagged')
}

interface Meaning {
  readonly outcome: Outcome
  readonly parent_id: string
  readonly intents: readonly MadeDraft[]
  readonly end: ToolEnd
}

/** One record for each thing that was touched, that was refused, or that the approval is about. */
function meaningsOf(steps: Steps, known: Known, data: CallData, meaning: Meaning): readonly MadeDraft[] {
  const { outcome, parent_id, end } = meaning
  const { run, names } = known
  if (data.approval !== undefined) return decisionsOf(steps, known, data, meaning)
  const isDenied = outcome === 'denied'
  const about: readonly (Carried & { readonly access?: Thing['access'] })[] = isDenied ? thingsAbout(data) : data.things
  return about.map(({ access, fields, details }) =>
    agentDraft(actingIn(steps, run), {
      id: steps.newId(),
      action: isDenied ? 'access_denied' : ACTIONS[access ?? 'unknown'],
      parent_id,
      outcome,
      outcome_reason: end.outcome_reason,
      ...fieldsOf(fields),
      details: { ...names, ...(access === undefined ? {} : { access }), ...details },
    }),
  )
}

function decisionsOf(
  steps: Steps,
  { run, names }: Known,
  data: CallData,
  { outcome, intents }: Meaning,
): readonly MadeDraft[] {
  // An approval tool that failed decided nothing.
  if (data.approval === undefined || outcome === 'error' || outcome === 'failure') return []
  const { approver, decision } = data.approval
  const [only, another] = approver.ids
  const decided = decisionOf(decision, toolOutcome(outcome))
  const requests = intents.filter(({ action }) => action === 'approval_requested')
  return thingsAbout(data).map(({ fields, details }, i) =>
    userDraft(actingIn(steps, run), {
      id: steps.newId(),
      action: 'approval_decided',
      parent_id: (requests[i] ?? requests[0])?.id,
      outcome: DECIDED[decided],
      ...fieldsOf(fields),
      // A record has one actor, and which of several decided is not guessed.
      actor_id: another === undefined && only !== undefined ? only : UNKNOWN_APPROVER,
      actor_type: 'user',
      details: { ...names, ...details, decision: decided },
    }),
  )
}

function toolOutcome(outcome: Outcome): ToolOutcome {
  return outcome === 'failure' ? 'error' : outcome
}
