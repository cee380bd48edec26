// Sends a request, and hands its response on once that is recorded. Nothing of ours is thrown here: the client would take it for a fault
// of the connection, and try again (spec/capture.md, C3).

import type { Capture, Ended, ModelEnd } from '../../capture/steps.ts'
import { copyOf } from '../wire/copy-response.ts'
import { parsed } from '../wire/shape.ts'
import type { Call } from './call.ts'
import { beginExchange, type Exchange, holdResponse, type Sending } from './exchange.ts'
import { operationAt } from './operation.ts'
import { isEvents } from './watch-body.ts'

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** Tries of a client, within one call of the application. */
export interface Tries {
  readonly call: Call
  /** How often the client tries a call again, where the call does not say. */
  readonly maxRetries: number
}

interface Transport {
  readonly audit: Capture
  readonly inner: Fetch
  /** Absent where each request is a call of its own. */
  readonly tries: Tries | undefined
}

export async function send(
  { audit, inner, tries }: Transport,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  const method = init.method ?? (input instanceof Request ? input.method : 'GET')
  const url = input instanceof Request ? input.url : String(input)
  // A client also asks for the keys that it signs its requests with: that is no part of the call.
  if (operationAt(method, url) === undefined) return inner(input, init)
  try {
    const exchange = tries?.call.exchange ?? (await beginExchange(audit, await sendingOf(input, init, method, url)))
    if (exchange === undefined) return await inner(input, init)
    if (tries !== undefined) tries.call.exchange = exchange
    return exchange.again?.() ?? (await exchangeOver(exchange, inner, tries, input, init))
  } catch (error) {
    if (error instanceof Lost) throw error.cause
    return refusal(error)
  }
}

/** No response came. */
class Lost extends Error {}

async function exchangeOver(
  exchange: Exchange,
  inner: Fetch,
  tries: Tries | undefined,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  const signal = init.signal ?? (input instanceof Request ? input.signal : undefined)
  let response: Response
  try {
    response = await exchange.call.enter(() => inner(input, init))
  } catch (error) {
    const isCancelled = tries === undefined && signal?.aborted === true
    await failed(exchange, tries, { ended: isCancelled ? 'cancelled' : 'failed', error })
    throw new Lost('no response came', { cause: error })
  }
  if (!response.ok) return refused(exchange, tries, response)
  return holdResponse(exchange, response, { signal, aborted: (failure) => aborted(tries, response, init, failure) })
}

/** Whether that was the last try is for the client to say, where one makes them. */
async function failed(exchange: Exchange, tries: Tries | undefined, failure: ModelEnd): Promise<void> {
  if (tries === undefined) await exchange.end(failure)
  else tries.call.failure = failure
}

async function refused(exchange: Exchange, tries: Tries | undefined, response: Response): Promise<Response> {
  const { status, body } = response
  const text = await response.text().catch(() => '')
  await failed(exchange, tries, { ended: 'failed', status, response: parsed(text) ?? text })
  return body === null ? response : copyOf(response, text)
}

// Whoever stops reading a stream has cancelled it. What is no stream is aborted by the application, or else by the client itself, which
// waits no longer for the body and tries again.
function aborted(
  tries: Tries | undefined,
  response: Response,
  { headers, body }: RequestInit,
  failure: ModelEnd,
): Ended | undefined {
  if (tries === undefined || isEvents(response.headers)) return 'cancelled'
  const { call, maxRetries } = tries
  const { signal, stream } = call.options
  if (signal?.aborted === true || stream === true) return 'cancelled'
  const nth = Number(new Headers(headers).get('x-stainless-retry-count') ?? 0)
  if (nth >= (call.options.maxRetries ?? maxRetries) || body instanceof ReadableStream) return 'failed'
  call.failure = failure
  return undefined
}

async function sendingOf(
  input: string | URL | Request,
  { body }: RequestInit,
  method: string,
  url: string,
): Promise<Sending> {
  const sent = body ?? (input instanceof Request ? await input.clone().text() : undefined)
  return { method, url, body: sent }
}

function refusal(error: unknown): Response {
  const message = error instanceof Error ? error.message : 'this call could not be recorded'
  return Response.json(
    { error: { code: 'AUDIT_UNAVAILABLE', type: 'audit', message } },
    { status: 424, headers: { 'x-should-retry': 'false' } },
  )
}
