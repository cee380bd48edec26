// A call of a tool, or an access to data: what is recorded before it runs and after it (spec/capture.md §1).

import { LedgerError } from '../errors/ledger-error.ts'
import { begin, expectRunning, type Intended, type Steps, settle, stop } from './begin.ts'
import type { Begun } from './begun.ts'
import { describeValue } from './describe-value.ts'
import type { UnderTool, Whereabouts } from './run.ts'
import type { ToolCall, ToolStep } from './steps.ts'
import { intentsOf, type KnownCall, outcomesOf, readCall } from './tool-records.ts'

/** Begins a call, in the run that it belongs to. @throws LedgerError where it may not run */
export async function beginToolCall(steps: Steps, step: ToolStep, kind: KnownCall['kind'] = 'tool'): Promise<ToolCall> {
  const here = steps.whereabouts()
  const { run, tool } = here
  if (kind === 'tool' && tool !== undefined && isSame(tool, step)) return innerCall(steps, here, tool.call)
  expectRunning(steps, run, step.operation_id)
  // No model asks for an access that the application makes by itself, whatever the tools are called.
  const asked = kind === 'tool' ? run.conversation.asked.take(step) : undefined
  const call = readCall(steps, run, step, { kind, asked })
  return orStop(steps, call, async () => {
    const started = await steps.started(run)
    const intents = intentsOf(steps, call)
    const begun = begin(steps, intents, [started])
    await begun.needed
    return outerCall(steps, call, intents, begun)
  })
}

// The same call as another layer sees it. Where the names of calls do not tell, one layer sees a call once: what it sees within is the
// same only with the same arguments. A layer further in may send them in its own words.
function isSame({ step, isOver, layers }: UnderTool, inner: ToolStep): boolean {
  if (isOver() || step.name !== inner.name) return false
  if (step.call_id !== undefined && inner.call_id !== undefined) return step.call_id === inner.call_id
  const given = describeValue(inner.arguments).text
  if (step.sdk === inner.sdk && step.layer === inner.layer) return describeValue(step.arguments).text === given
  const layer = `${inner.sdk} ${inner.layer}`
  const first = layers.get(layer) ?? given
  layers.set(layer, first)
  return first === given
}

// A call that is refused for whom it hands data to is on record as that: the agent may go on without it.
async function orStop<T>(steps: Steps, { run, step }: KnownCall, record: () => Promise<T>): Promise<T> {
  try {
    return await record()
  } catch (error) {
    const isRefused = error instanceof LedgerError && error.code === 'recipient-refused'
    if (!isRefused) stop(steps, run, step.operation_id, error)
    throw error
  }
}

// Its records are made where it was seen first.
function innerCall(steps: Steps, here: Whereabouts, { id }: ToolCall): ToolCall {
  return { id, seen: 'inner', enter: (fn) => steps.where.run(here, fn), end: async () => undefined }
}

// What runs within it asks models of its own: they are no further layer of a model call around it.
function outerCall(steps: Steps, call: KnownCall, intents: readonly Intended[], begun: Begun): ToolCall {
  const { id, run, step } = call
  let ending: Promise<void> | undefined
  const layers = new Map<string, string>()
  const outer: ToolCall = {
    id,
    seen: 'first',
    enter: (fn) =>
      steps.where.run({ run, tool: { step, call: outer, layers, isOver: () => ending !== undefined } }, fn),
    end(end) {
      ending ??= orStop(steps, call, async () => settle(steps, outcomesOf(steps, call, intents, end), [begun]))
      return ending
    },
  }
  return outer
}
