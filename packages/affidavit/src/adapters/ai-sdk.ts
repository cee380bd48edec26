// Model calls and tools of the Vercel AI SDK, on record before they happen (spec/adapters-ai-sdk.md). Types are structural: this
// file needs no version of the SDK, and imports none.

import type { Capture, ModelCall, ToolCall } from '../capture/steps.ts'
import { approvalsAmong, approvalsIn, recordApprovals } from './ai-sdk/approvals.ts'
import { failureOf, modelEndOf, modelStepOf, wasAborted } from './ai-sdk/step.ts'
import { auditStream } from './ai-sdk/stream.ts'
import { auditTool } from './ai-sdk/tool.ts'
import { listOf, membersOf, textOf } from './wire/shape.ts'

/** What `registerTelemetry` of AI SDK 7 takes. What its wrappers throw ends the run; errors of its callbacks the SDK swallows. */
export interface AiSdkTelemetry {
  onStart(event: object): void
  executeLanguageModelCall<T>(options: { callId: string; execute: () => PromiseLike<T> }): Promise<T>
  executeTool<T>(options: { callId: string; toolCallId: string; execute: () => PromiseLike<T> }): Promise<T>
  onToolExecutionEnd(event: object): Promise<void>
  onStepEnd(event: object): Promise<void>
}

/** Operations that are known to stream: more than run at once. */
const MAX_STREAMING = 1_000

/** Records every model call and tool of `generateText`, `streamText` and agents: `registerTelemetry(aiSdkTelemetry(audit))`. */
export function aiSdkTelemetry(audit: Capture): AiSdkTelemetry {
  const streaming = new Set<string>()
  const running = new Map<string, ToolCall[]>()

  return {
    onStart(event) {
      const { operationId, callId } = membersOf(event)
      if (operationId !== 'ai.streamText' || typeof callId !== 'string') return
      streaming.add(callId)
      const [oldest] = streaming
      if (streaming.size > MAX_STREAMING && oldest !== undefined) streaming.delete(oldest)
    },

    async executeLanguageModelCall(options) {
      const event = membersOf(options)
      const { callId: operation_id } = options
      await recordApprovals(audit, approvalsIn(event.messages, operation_id))
      const [provider, model] = [textOf(event.provider), textOf(event.modelId)]
      const stream = streaming.has(operation_id)
      const call = await audit.beginModelCall(modelStepOf(event, { provider, model, stream, operation_id }))
      return carryOut(call, options.execute)
    },

    async executeTool(options) {
      const { callId: operation_id, toolCallId: call_id, execute } = options
      const { messages, toolCall } = membersOf(options)
      await recordApprovals(audit, approvalsIn(messages, operation_id))
      const { toolName, input } = membersOf(toolCall)
      const name = textOf(toolName) ?? ''
      const step = { sdk: 'ai', layer: 'framework', name, call_id, arguments: input, operation_id } as const
      const call = await audit.beginToolCall(step)
      try {
        const nothing = await call.enter(execute)
        running.set(keyOf(operation_id, call_id), [...(running.get(keyOf(operation_id, call_id)) ?? []), call])
        return nothing
      } catch (error) {
        await call.end({ ended: wasAborted(error) ? 'cancelled' : 'failed', error })
        throw error
      }
    },

    // Here the result is told, not where the tool was executed. The SDK waits for this before it hands the result on.
    async onToolExecutionEnd(event) {
      const { callId, toolOutput } = membersOf(event)
      const { toolCallId, output } = membersOf(toolOutput)
      const key = keyOf(callId, toolCallId)
      const [call, ...others] = running.get(key) ?? []
      if (call === undefined) return
      if (others.length === 0) running.delete(key)
      else running.set(key, others)
      try {
        await call.end({ ended: 'complete', result: output })
      } catch (error) {
        takeBack(toolOutput, error)
        throw error
      }
    },

    async onStepEnd(event) {
      const { callId, content } = membersOf(event)
      await recordApprovals(audit, approvalsAmong(listOf(content).map(membersOf), textOf(callId) ?? ''))
    },
  }
}

function keyOf(callId: unknown, toolCallId: unknown): string {
  return JSON.stringify([callId, toolCallId])
}

// The SDK swallows what its callback throws, and hands on the very object that it told of: the error takes the result's place.
function takeBack(toolOutput: unknown, error: unknown): void {
  if (typeof toolOutput === 'object' && toolOutput !== null)
    Object.assign(toolOutput, { type: 'tool-error', error, output: undefined })
}

/** What `wrapLanguageModel` takes, of AI SDK 7 (`v4`) and 6 (`v3`). */
export interface AuditMiddleware<V extends string> {
  readonly specificationVersion: V
  wrapGenerate<R>(call: { doGenerate: () => PromiseLike<R>; params: object; model: Model }): Promise<R>
  wrapStream<R>(call: { doStream: () => PromiseLike<R>; params: object; model: Model }): Promise<R>
}

interface Model {
  readonly provider: string
  readonly modelId: string
}

/** Records every call of one model, whoever makes it: `wrapLanguageModel({ model, middleware: auditMiddleware(audit) })`. */
export function auditMiddleware<V extends 'v3' | 'v4' = 'v4'>(
  audit: Capture,
  { specificationVersion = 'v4' as V }: { readonly specificationVersion?: V } = {},
): AuditMiddleware<V> {
  const begin = (params: object, { provider, modelId }: Model, stream: boolean): Promise<ModelCall> =>
    audit.beginModelCall(modelStepOf(membersOf(params), { provider, model: modelId, stream }))
  return {
    specificationVersion,
    wrapGenerate: async ({ doGenerate, params, model }) => carryOut(await begin(params, model, false), doGenerate),
    wrapStream: async ({ doStream, params, model }) => carryOut(await begin(params, model, true), doStream),
  }
}

/**
 * The tools, each with its calls on record: `tools: auditTools(audit, tools)`. AI SDK 6 tells nobody of its tools; of 7 this is not needed
 * beside `aiSdkTelemetry`.
 */
export function auditTools<T extends object>(audit: Capture, tools: T): T {
  const audited = Object.entries(tools).map(([name, tool]) => [name, auditTool(audit, name, tool)])
  // The same names, with tools that take and give the same.
  return Object.fromEntries(audited) as T
}

/** Hands over what the model gave, once it is on record; of a stream all but its end. @throws what the model threw, or LedgerError */
async function carryOut<T>(call: ModelCall, execute: () => PromiseLike<T>): Promise<T> {
  // The outermost layer makes the records, and what is tried again is told by the layer that sends it.
  if (call.seen === 'inner') return call.enter(execute)
  const result = await called(call, execute)
  const { stream } = membersOf(result)
  if (stream instanceof ReadableStream) return { ...result, stream: auditStream(stream, call) }
  await call.end(modelEndOf(result, 'complete'))
  return result
}

async function called<T>(call: ModelCall, execute: () => PromiseLike<T>): Promise<T> {
  try {
    return await call.enter(execute)
  } catch (error) {
    await call.end(failureOf(error))
    throw error
  }
}
