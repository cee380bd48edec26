// A tool of the AI SDK that is on record by itself, whoever executes it (spec/adapters-ai-sdk.md).

import { present } from '../../bytes/present.ts'
import type { Capture, ToolCall } from '../../capture/steps.ts'
import { membersOf, textOf } from '../wire/shape.ts'
import { wasAborted } from './step.ts'

type Execute = (input: unknown, options: unknown) => unknown

/** As `tool`, or that itself where it executes nothing here. */
export function auditTool(audit: Capture, name: string, tool: unknown): unknown {
  const { execute } = membersOf(tool)
  if (typeof execute !== 'function') return tool
  const run: Execute = (input, options) => Reflect.apply(execute, tool, [input, options])
  const begin = (input: unknown, options: unknown): Promise<ToolCall> => {
    const call_id = textOf(membersOf(options).toolCallId)
    return audit.beginToolCall({ sdk: 'ai', layer: 'framework', name, arguments: input, ...present({ call_id }) })
  }
  return Object.assign(Object.create(Object.getPrototypeOf(tool)), tool, {
    execute: Object.prototype.toString.call(execute) === STREAMS ? streaming(begin, run) : once(begin, run),
  })
}

const STREAMS = '[object AsyncGeneratorFunction]'

type Begin = (input: unknown, options: unknown) => Promise<ToolCall>

function once(begin: Begin, run: Execute): Execute {
  return async (input, options) => {
    const call = await begin(input, options)
    let result: unknown
    try {
      result = await call.enter(() => settled(run(input, options)))
    } catch (error) {
      await fail(call, error)
    }
    await call.end({ ended: 'complete', result })
    return result
  }
}

/** What is preliminary is handed on as it comes; the last value is the result, which the SDK takes for it once this ends. */
function streaming(begin: Begin, run: Execute): Execute {
  return async function* (input, options) {
    const call = await begin(input, options)
    const values = iteratorOf(run(input, options))
    let result: unknown
    try {
      for (let next = await call.enter(() => values.next()); !next.done; next = await call.enter(() => values.next())) {
        result = next.value
        yield result
      }
      await call.end({ ended: 'complete', result })
    } catch (error) {
      await fail(call, error)
    } finally {
      // Whoever looks at no more of it has cancelled it; otherwise its end is known.
      await call.end({ ended: 'cancelled', result })
      await values.return?.()
    }
  }
}

function iteratorOf(values: unknown): AsyncIterator<unknown> {
  if (!isAsyncIterable(values)) throw new TypeError('a generator gave no values; this is a bug')
  return values[Symbol.asyncIterator]()
}

async function fail(call: ToolCall, error: unknown): Promise<never> {
  await call.end({ ended: wasAborted(error) ? 'cancelled' : 'failed', error })
  throw error
}

/** Of values that come one after another, the last: by now nobody looks at the others. */
async function settled(result: unknown): Promise<unknown> {
  if (!isAsyncIterable(result)) return result
  let last: unknown
  for await (const value of result) last = value
  return last
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
