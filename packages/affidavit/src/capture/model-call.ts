// A call of a model: what is recorded before it and after it, whichever layers see it (spec/capture.md §1, §4, §5).

import type { Outcome } from '../formats/fields.ts'
import { namesOf } from '../registry/tool-names.ts'
import { beginBeside, type Intended, type MadeDraft, type Steps, settle } from './begin.ts'
import type { Begun } from './begun.ts'
import type { AskedCall } from './conversations.ts'
import { type Described, describeValue } from './describe-value.ts'
import {
  agentDraft,
  agentName,
  type Captured,
  captured,
  contentsOf,
  labelOf,
  textContent,
  userDraft,
} from './draft-of.ts'
import { errorContent, errorDetails } from './error-details.ts'
import { type Continued, continuedBy, fingerprint, followed } from './history.ts'
import { expectRunning, type Run, runStopped } from './run.ts'
import type { Attempt, Ended, ModelCall, ModelEnd, ModelStep } from './steps.ts'
import type { InForce } from './versions.ts'

export const OUTCOMES_OF: Readonly<Record<Ended, Outcome>> = {
  complete: 'success',
  cancelled: 'failure',
  cut: 'failure',
  failed: 'error',
}
/** Calls of tools that wait to be run, of one conversation. */
const MAX_ASKED = 1_000

/** Begins a call, in the run that it belongs to. @throws LedgerError where it may not be made */
export async function beginModelCall(steps: Steps, step: ModelStep): Promise<ModelCall> {
  const whereabouts = steps.whereabouts()
  const { run, model: outer } = whereabouts
  if (outer !== undefined) return innerCall(outer)
  expectRunning(run)
  const stopped = steps.stoppedOperation(step.operation_id)
  if (stopped !== undefined) throw runStopped(stopped.error)

  const acting = { run, agent_name: steps.agent_name, timestamp: steps.now() }
  const started = await steps.started(run)
  const inForce = await steps.versions.of(agentName(acting), step)
  const id = steps.newId()
  const texts = step.messages.map(({ value }) => describeValue(value, 'messages'))
  const history = takeHistory(
    run,
    agentName(acting),
    id,
    texts.map(({ text }) => text),
  )
  const forget = (): void => forgetHistory(run, agentName(acting), id)
  const intended: Intended[] = [
    ...inForce.changes.map(({ draft, forget }) => ({ kind: 'model', draft, once: true, failed: forget }) as const),
    ...newMessages(steps, run, step, history?.messages_kept ?? 0),
    { kind: 'model', draft: invocation(steps, run, step, { id, inForce, history, texts }), failed: forget },
  ]
  const begun = beginBeside(steps, intended, started)
  await begun.needed
  return outerCall(steps, run, step, id, inForce, begun)
}

interface Sent {
  readonly id: string
  readonly inForce: InForce
  readonly history: Continued | undefined
  readonly texts: readonly Described[]
}

function invocation(steps: Steps, run: Run, step: ModelStep, { id, inForce, history, texts }: Sent): MadeDraft {
  const parameters = describeValue(step.parameters, 'parameters')
  const kept = history?.messages_kept ?? 0
  const fresh = texts.slice(kept)
  const request: Captured = {
    content: {
      name: 'request',
      media_type: 'application/json',
      body: `{"messages":[${fresh.map(jsonOf).join(',')}],"parameters":${parameters.text}}`,
    },
    text: '',
    uncaptured: [...fresh.flatMap((one) => one.uncaptured), ...parameters.uncaptured],
  }
  const { content, uncaptured } = contentsOf(request)
  return agentDraft(
    { run, agent_name: steps.agent_name, timestamp: steps.now() },
    {
      id,
      action: 'model_invoked',
      parent_id: run.conversation.question ?? run.conversation.started?.id,
      model: inForce.model,
      prompt_version: inForce.prompt_version,
      content,
      details: {
        sdk: labelOf(step.sdk),
        layer: step.layer,
        operation: labelOf(step.operation),
        recipient: step.recipient,
        stream: step.stream,
        messages: step.messages.length,
        tools: step.tools.length,
        ...history,
        uncaptured,
      },
    },
  )
}

function jsonOf({ text, media_type }: Described): string {
  return media_type === 'text/plain' ? JSON.stringify(text) : text
}

/** What of the messages was sent before, and from now on these ones. */
function takeHistory(run: Run, agent: string | undefined, id: string, texts: readonly string[]): Continued | undefined {
  const messages = texts.map(fingerprint)
  const lines = run.conversation.histories.get(agent ?? '') ?? []
  const continued = continuedBy(lines, messages)
  run.conversation.histories.set(agent ?? '', followed(lines, { id, messages }, continued))
  return continued
}

/** A request that is on no record is continued by none. */
function forgetHistory({ conversation }: Run, agent: string | undefined, id: string): void {
  const lines = conversation.histories.get(agent ?? '') ?? []
  conversation.histories.set(
    agent ?? '',
    lines.filter((line) => line.id !== id),
  )
}

/** Messages of the user at the end of what was sent that nobody recorded yet. They begin a turn. */
function newMessages(steps: Steps, run: Run, { messages }: ModelStep, kept: number): Intended[] {
  const { conversation } = run
  const last = messages.findLastIndex(({ role }) => role !== 'user')
  const intended: Intended[] = []
  for (const { text, value } of messages.slice(Math.max(last + 1, kept))) {
    const said = text ?? describeValue(value, 'message').text
    if (!conversation.told.delete(said)) intended.push(userMessage(steps, run, said))
  }
  return intended
}

/** The record of a message of the user, which begins a turn. */
export function userMessage(steps: Steps, run: Run, text: string): Intended {
  const { conversation } = run
  const before = conversation.question
  const id = steps.newId()
  const { content, uncaptured } = contentsOf(text === '' ? undefined : textContent('message', text))
  const draft = userDraft(
    { run, agent_name: steps.agent_name, timestamp: steps.now() },
    {
      id,
      action: 'user_message_received',
      parent_id: conversation.started?.id,
      content,
      details: { characters: [...text].length, uncaptured },
    },
  )
  conversation.question = id
  conversation.accessed = []
  const failed = (): void => {
    if (conversation.question === id) conversation.question = before
  }
  return { kind: 'message', draft, failed }
}

// Further in, a call is an attempt of the one that was seen first; its records are made there.
function innerCall(outer: ModelCall): ModelCall {
  return {
    id: outer.id,
    seen: 'inner',
    enter: (fn) => fn(),
    attempt: outer.attempt,
    async end({ ended, status, error }) {
      if (ended === 'failed') outer.attempt({ ...(status === undefined ? {} : { status }), error })
    },
  }
}

function outerCall(steps: Steps, run: Run, step: ModelStep, id: string, inForce: InForce, begun: Begun): ModelCall {
  const attempts: Attempt[] = []
  let ending: Promise<void> | undefined

  const call: ModelCall = {
    id,
    seen: 'first',
    enter: (fn) => steps.where.run({ run, model: call }, fn),
    attempt: (attempt) => {
      attempts.push(attempt)
    },
    end(end) {
      ending ??= settle(steps, begun, [
        { kind: 'model', draft: outcomeOf(steps, run, step, id, inForce, attempts, end) },
      ])
      return ending
    },
  }
  return call
}

function outcomeOf(
  steps: Steps,
  run: Run,
  step: ModelStep,
  parent_id: string,
  inForce: InForce,
  attempts: readonly Attempt[],
  end: ModelEnd,
): MadeDraft {
  const { conversation } = run
  const acting = { run, agent_name: steps.agent_name, timestamp: steps.now() }
  const { answer = '', calls = [], ended, error, status } = end
  const id = steps.newId()
  const answered = answer !== '' || calls.length > 0 || ended === 'complete'
  const response = end.response === undefined ? undefined : captured('response', end.response)
  const failure = errorContent(error)
  const common = {
    id,
    parent_id,
    model: inForce.model,
    prompt_version: inForce.prompt_version,
    outcome: OUTCOMES_OF[ended],
  }
  const tried = attempts.length === 0 ? {} : { attempts: attempts.map((attempt, n) => attemptDetails(n + 1, attempt)) }
  if (!answered) {
    const { content, uncaptured } = contentsOf(failure, response)
    const details = { ended, ...tried, ...errorDetails(error, status), uncaptured }
    return agentDraft(acting, { ...common, action: 'agent_failed', content, details })
  }
  for (const asked of calls) remember(conversation.asked, { ...asked, answer: id })
  const characters = [...answer].length
  conversation.answer = { id, characters }
  const circumstances = captured('circumstances', {
    parameters: step.parameters,
    response_id: end.response_id,
    finish_reason: end.finish_reason,
    documents: conversation.accessed,
  })
  const { content, uncaptured } = contentsOf(
    answer === '' ? undefined : textContent('answer', answer),
    response,
    circumstances,
    failure,
  )
  return agentDraft(acting, {
    ...common,
    action: 'agent_response_generated',
    content,
    details: {
      ended,
      characters,
      model_answered: end.model === undefined ? undefined : labelOf(end.model),
      tools_requested:
        calls.length === 0
          ? undefined
          : calls.map(({ name }) => namesOf(name, undefined, steps.ledger.digest).tool ?? 'unnamed'),
      tokens: end.tokens,
      ...tried,
      ...errorDetails(error, status),
      delivery: ended === 'complete' ? 'unconfirmed' : 'cut',
      uncaptured,
    },
  })
}

function attemptDetails(n: number, { status, error }: Attempt): object {
  return { n, ...(status === undefined ? {} : { status }), ...errorDetails(error, undefined) }
}

function remember(asked: Map<string, AskedCall>, call: AskedCall): void {
  asked.set(call.call_id ?? `${call.answer}\n${asked.size}`, call)
  const [oldest] = asked.keys()
  if (asked.size > MAX_ASKED && oldest !== undefined) asked.delete(oldest)
}
