// A call of a model: what is recorded before it and after it, whichever layers see it (spec/capture.md §1, §4, §5).

import { countCharacters } from '../bytes/text.ts'
import { beginBeside, expectRunning, type Intended, type Steps, settle } from './begin.ts'
import type { Begun } from './begun.ts'
import { continuedBy, followed, type History } from './history.ts'
import { type Asked, invocation, outcomeOf } from './model-records.ts'
import { reportedCalls } from './reported-calls.ts'
import { readRequest } from './request.ts'
import type { Run, Under, Whereabouts } from './run.ts'
import type { Attempt, ModelCall, ModelEnd, ModelStep } from './steps.ts'
import { askIn, newMessages } from './turns.ts'
import { userMessage } from './user-message.ts'

const UNNAMED = ''

/** Begins a call, in the run that it belongs to. @throws LedgerError where it may not be made */
export async function beginModelCall(steps: Steps, step: ModelStep): Promise<ModelCall> {
  const here = steps.whereabouts()
  if (here.model !== undefined && isSame(here.model, step)) return innerCall(steps, here, here.model.call)
  const { run } = here
  expectRunning(steps, run, step.operation_id)
  const { agent_name } = steps.acting(run)
  const request = readRequest(step, agent_name === undefined ? 'not announced' : 'announced')
  const [started, inForce] = await Promise.all([steps.started(run), steps.versions.inForce(agent_name, step)])
  expectRunning(steps, run, step.operation_id)
  const asked: Asked = { id: steps.newId(), run, step, request, inForce }
  const begun = beginBeside(steps, intentsOf(steps, asked, agent_name ?? UNNAMED), [started, inForce.announced])
  await begun.needed
  return outerCall(steps, asked, begun)
}

// Further in, a call is an attempt of the one that was seen first, unless another model is asked: a guard with a client of its own. One layer
// sees a call once: what it sees within is the same only where the same is asked.
function isSame({ step, isOver }: Under<ModelStep, ModelCall>, inner: ModelStep): boolean {
  if (isOver() || areOthers(step.model, inner.model)) return false
  if (step.sdk !== inner.sdk || step.layer !== inner.layer) return true
  return step.model === inner.model && questionIn(step) === questionIn(inner)
}

// A gateway has the provider in front of the name: `openai/gpt`.
function areOthers(one: string | undefined, other: string | undefined): boolean {
  if (one === undefined || other === undefined || one === other) return false
  return !one.endsWith(`/${other}`) && !other.endsWith(`/${one}`)
}

function questionIn({ messages }: ModelStep): string | undefined {
  return messages.findLast(({ role }) => role === 'user')?.text
}

/** Calls of tools that the history tells of, messages that begin a turn, then the call. From here to their launch nothing is awaited: parallel calls see each other whole. */
function intentsOf(steps: Steps, asked: Asked, agent: string): readonly Intended[] {
  const { run, step, request } = asked
  const { histories } = run.conversation
  const lines = histories.get(agent) ?? []
  const continued = continuedBy(lines, request.digests)
  let isTold = true
  // Should one of them not be recorded, the next request tells of it again: it continues another one than this.
  const reported = reportedCalls(steps, run, step, continued?.messages ?? 0).map((one) => ({
    ...one,
    takeBack() {
      isTold = false
      const others = (histories.get(agent) ?? []).filter(({ id }) => id !== asked.id)
      histories.set(agent, others)
      one.takeBack?.()
    },
  }))
  const said = newMessages(run, { agent, messages: step.messages, continued })
  const messages = said.map((text) => userMessage(steps, run, text))
  const asking = askIn(run, agent)
  const call: Intended = {
    kind: 'model',
    draft: invocation(steps, asked, continued),
    // What is on no record is continued by nothing.
    recorded() {
      asking.recorded()
      const line = historyOf(asked)
      if (line !== undefined && isTold) histories.set(agent, followed(histories.get(agent) ?? [], line, continued))
    },
    takeBack: asking.takeBack,
  }
  return [...reported, ...messages, call]
}

function historyOf({ id, run, request: { digests } }: Asked): History | undefined {
  const digest = digests.at(-1)
  return digest === undefined ? undefined : { id, messages: digests.length, digest, work: run.work }
}

// Its records are made where it was seen first.
function innerCall(steps: Steps, here: Whereabouts, outer: ModelCall): ModelCall {
  return {
    id: outer.id,
    seen: 'inner',
    enter: (fn) => steps.where.run(here, fn),
    attempt: outer.attempt,
    async end({ ended, status, error }) {
      if (ended === 'failed') outer.attempt({ ...(status === undefined ? {} : { status }), error })
    },
  }
}

// Calls may be under way for long: the text of the history is let go.
function outerCall(steps: Steps, { request, ...others }: Asked, begun: Begun): ModelCall {
  const asked = { ...others, request: { parameters: request.parameters } }
  const { id, run, step } = asked
  const attempts: Attempt[] = []
  let ending: Promise<void> | undefined

  async function finish(end: ModelEnd): Promise<void> {
    const draft = outcomeOf(steps, asked, attempts, end)
    const recorded = (): void => remember(run, draft.id, end)
    await settle(steps, [{ kind: 'model', draft, ...(draft.action === 'agent_failed' ? {} : { recorded }) }], [begun])
  }

  const call: ModelCall = {
    id,
    seen: 'first',
    enter: (fn) => steps.where.run({ run, model: { step, call, isOver: () => ending !== undefined } }, fn),
    attempt: (attempt) => {
      attempts.push(attempt)
    },
    end(end) {
      ending ??= finish(end)
      return ending
    },
  }
  return call
}

function remember({ work, conversation }: Run, id: string, { answer = '', calls = [] }: ModelEnd): void {
  work.answer = { id, characters: countCharacters(answer) }
  conversation.answer = work.answer
  conversation.asked.add(id, calls)
}
