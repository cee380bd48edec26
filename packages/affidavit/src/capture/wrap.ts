// Wrappers for what no adapter knows: a tool, an access to data, a call of a model.

import type { Steps } from './begin.ts'
import { isAbort } from './error-details.ts'
import { beginModelCall } from './model-call.ts'
import type { ModelEnd, ModelStep, ToolEnd, Touching } from './steps.ts'
import { beginToolCall } from './tool-call.ts'
import { asGiven, givesValues } from './values.ts'

export interface Tool<Arguments extends readonly unknown[] = readonly unknown[]> {
  readonly name: string
  /** The model's id of the call, where the application knows it, from what the tool was given. */
  readonly call_id?: NoInfer<(...given: Arguments) => string | undefined>
  /** What it touches, where that is not for the registry to say. */
  readonly touches?: NoInfer<(...given: Arguments) => readonly Touching[]>
}

export function auditedTool<Arguments extends unknown[], Result>(
  steps: Steps,
  tool: string | Tool<Arguments>,
  run: (...given: Arguments) => Result | Promise<Result>,
): (...given: Arguments) => Promise<Result> {
  const { name, call_id, touches } = typeof tool === 'string' ? { name: tool } : tool
  return async (...given) => {
    const id = call_id?.(...given)
    const touched = touches?.(...given)
    const call = await beginToolCall(steps, {
      sdk: 'application',
      layer: 'application',
      name,
      arguments: given.length === 1 ? given[0] : given,
      ...(id === undefined ? {} : { call_id: id }),
      ...(touched === undefined ? {} : { touches: touched }),
    })
    return finish(call, () => run(...given))
  }
}

export async function accessData<Result>(
  steps: Steps,
  touching: Touching,
  access: () => Result | Promise<Result>,
): Promise<Result> {
  const { resource_type, resource_id } = touching
  const call = await beginToolCall(
    steps,
    {
      sdk: 'application',
      layer: 'application',
      name: `${touching.access}_data`,
      arguments: { resource_type, resource_id },
      touches: [touching],
    },
    'data',
  )
  return finish(call, access)
}

interface Call {
  enter<T>(fn: () => T): T
  end(end: ToolEnd): Promise<void>
}

async function finish<Result>(call: Call, run: () => Result | Promise<Result>): Promise<Result> {
  let result: Result
  try {
    result = await call.enter(run)
  } catch (error) {
    await call.end({ ended: endedBy(error), error })
    throw error
  }
  if (givesValues(result)) return asGiven(result, (end, values) => call.end({ ...end, result: values }), call)
  await call.end({ ended: 'complete', result })
  return result
}

function endedBy(error: unknown): 'cancelled' | 'failed' {
  return isAbort(error) ? 'cancelled' : 'failed'
}

/** A call of a model, as far as it is known; what is left out is none. */
export interface ModelWork<Result> extends Partial<Omit<ModelStep, 'layer'>> {
  /** What the result says. */
  readonly read?: (result: Result) => Omit<ModelEnd, 'ended'>
}

export async function callModel<Result>(
  steps: Steps,
  { read, ...step }: ModelWork<Result>,
  call: () => Result | Promise<Result>,
): Promise<Result> {
  const begun = await beginModelCall(steps, {
    sdk: 'application',
    operation: 'generate',
    stream: false,
    instructions: [],
    tools: [],
    messages: [],
    parameters: {},
    ...step,
    layer: 'application',
  })
  let result: Result
  try {
    result = await begun.enter(call)
  } catch (error) {
    await begun.end({ ended: endedBy(error), error })
    throw error
  }
  if (read === undefined && givesValues(result))
    return asGiven(result, (end, values) => begun.end({ ...end, response: values }), begun)
  let said: Omit<ModelEnd, 'ended'> = { response: result }
  try {
    if (read !== undefined) said = read(result)
  } finally {
    // What came has come, also where its reader fails.
    await begun.end({ ...said, ended: 'complete' })
  }
  return result
}
