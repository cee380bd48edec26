// affidavit/adapters/anthropic: each message that a client of @anthropic-ai/sdk asks for is on record before it is asked for, and after
// (spec/adapters.md).

import type { Capture } from '../capture/steps.ts'
import { auditedFetch, type Fetch } from './anthropic/audited-fetch.ts'
import { type MessageRequest, messageStep } from './anthropic/message-step.ts'
import { makeTry } from './anthropic/message-try.ts'
import { unrepeatable } from './anthropic/unrepeatable.ts'
import { retriedCalls } from './wire/retried-calls.ts'
import { type Shape, shapeOf, textOf } from './wire/shape.ts'

/** What is used of a client. It has no middleware before 0.101. */
export interface AnthropicClient {
  readonly middleware?: readonly unknown[]
  readonly maxRetries: number
  withOptions(options: { middleware?: readonly unknown[] | undefined; fetch?: unknown }): this
}

export interface AnthropicRequest extends MessageRequest {
  readonly headers: Headers
  readonly signal?: AbortSignal | null | undefined
}

export interface AnthropicContext {
  /** Of the call: one object for all its tries. */
  readonly options?:
    | { readonly maxRetries?: number | undefined; readonly signal?: AbortSignal | null | undefined }
    | undefined
}

export type AnthropicMiddleware = <Request extends AnthropicRequest>(
  request: Request,
  next: (request: Request) => Promise<Response>,
  context: AnthropicContext,
) => Promise<Response>

/** A tool as the client's tool runner takes it. */
export interface AnthropicTool {
  readonly name: string
  readonly run: (...given: never[]) => unknown
}

const AUDITED = Symbol.for('affidavit.anthropic')

/** The client with its messages on record. The one that was handed in stays as it is; one that is audited already is given back. */
export function auditAnthropic<Client extends AnthropicClient>(client: Client, audit: Capture): Client {
  const { middleware, maxRetries } = client
  if (middleware?.some((one) => typeof one === 'function' && Reflect.get(one, AUDITED) === audit)) return client
  return middleware === undefined
    ? client.withOptions({ fetch: auditedFetch(audit, fetchOf(client), maxRetries) })
    : client.withOptions({ middleware: [...middleware, anthropicMiddleware(audit, { maxRetries })] })
}

/**
 * For whoever makes a client: `new Anthropic({ middleware: [anthropicMiddleware(audit)] })`. The last one sees what is sent.
 * @param rules.maxRetries of the client. Where it is left out, a try that no answer came to ends its call, and the next one is another.
 */
export function anthropicMiddleware(audit: Capture, rules: { readonly maxRetries?: number } = {}): AnthropicMiddleware {
  const retried = retriedCalls()
  const middleware: AnthropicMiddleware = async (request, next, { options }) => {
    const step = options === undefined ? undefined : messageStep(request)
    if (options === undefined || step === undefined) return next(request)
    const abort = options.signal
    const tries = Number(request.headers.get('x-stainless-retry-count') ?? Number.NaN)
    return makeTry(audit, retried, {
      step,
      key: { own: options, next: options },
      signal: request.signal,
      abort,
      send: () => next(request),
      lost(error) {
        if (abort?.aborted) return { end: { ended: 'cancelled', error }, isLast: true }
        // Somebody aborted, and it was not the application: so a client's timeout ends a request.
        const reason = request.signal?.aborted ? TIMED_OUT : error
        const isRepeated = tries < (options.maxRetries ?? rules.maxRetries ?? 0)
        return { end: { ended: 'failed', error: reason }, isLast: !isRepeated }
      },
      notRecorded(error) {
        throw unrepeatable(error)
      },
    })
  }
  return Object.defineProperty(middleware, AUDITED, { value: audit })
}

const TIMED_OUT = { name: 'TimeoutError', message: 'no answer came within the timeout of the client' } as const

function fetchOf(client: object): Fetch {
  const own: unknown = Reflect.get(client, 'fetch')
  return typeof own === 'function' ? (input, init) => own(input, init) : fetch
}

/** The tool with each call of it on record, before it runs and after. */
export function auditAnthropicTool<Tool extends AnthropicTool>(tool: Tool, audit: Capture): Tool {
  const run = async (...given: unknown[]): Promise<unknown> => {
    const [input, context] = given
    const call_id = callIdIn(shapeOf(context))
    const call = await audit.beginToolCall({
      sdk: '@anthropic-ai/sdk',
      layer: 'client',
      name: tool.name,
      arguments: input,
      ...(call_id === undefined ? {} : { call_id }),
    })
    let result: unknown
    try {
      result = await call.enter(() => Reflect.apply(tool.run, tool, given))
    } catch (error) {
      await call.end({ ended: 'failed', error })
      throw error
    }
    await call.end({ ended: 'complete', result })
    return result
  }
  return { ...tool, run }
}

/** Once it had the other name. */
function callIdIn({ toolUse, toolUseBlock }: Shape): string | undefined {
  return textOf(shapeOf(toolUse ?? toolUseBlock).id)
}
