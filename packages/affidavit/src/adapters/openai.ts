// affidavit/adapters/openai: the OpenAI client from version 5 on, Azure, and whatever speaks its protocol (spec/adapters.md). Nothing of the
// package is imported: a client is known by its shape.

import { AsyncLocalStorage } from 'node:async_hooks'

import type { Capture } from '../capture/steps.ts'
import { beginExchange, type Exchange, holdResponse } from './openai/exchange.ts'
import { copyOf } from './wire/copy-response.ts'
import { parsed } from './wire/shape.ts'

type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

/** What the adapter needs of a client. */
export interface OpenAIClient {
  readonly baseURL: string
  readonly maxRetries: number
  withOptions(options: { fetch: Fetch }): this
}

/** A request as the hooks of the client see it. */
interface RequestOptions {
  readonly method?: string
  readonly path?: string
  readonly body?: unknown
  readonly signal?: AbortSignal | null
  readonly maxRetries?: number
}

/** One call of the application, however often the client tries it. */
interface Call {
  options: RequestOptions
  exchange: Exchange | undefined
}

const AUDITED = Symbol.for('affidavit.openai')
const SDK = 'openai'

/**
 * The client with each call of a model on record, before it is made and before its answer is given out. The client that was handed in stays
 * as it is; one that is audited already is given back.
 */
export function auditOpenAI<Client extends OpenAIClient>(client: Client, audit: Capture): Client {
  if (Reflect.get(client, AUDITED) === audit) return client
  const calls = new AsyncLocalStorage<Call>({ name: 'affidavit openai' })
  const inner = fetchOf(client)
  const audited: Client = client.withOptions({
    fetch: (input, init = {}) =>
      send(audit, inner, calls.getStore(), retriesOf(audited, calls.getStore()), input, init),
  })
  Object.defineProperty(audited, AUDITED, { value: audit })
  encloseRequests(audited, calls)
  beginBeforeSending(audited, audit, calls)
  return audited
}

function fetchOf(client: object): Fetch {
  const own: unknown = Reflect.get(client, 'fetch')
  return typeof own === 'function' ? (input, init) => Reflect.apply(own, undefined, [input, init]) : globalThis.fetch
}

function retriesOf({ maxRetries }: OpenAIClient, call: Call | undefined): number {
  return call === undefined ? 0 : (call.options.maxRetries ?? maxRetries)
}

/** `fetch` for clients of this protocol that take one: each of its requests is a call of its own. */
export function auditedFetch(audit: Capture, inner: Fetch = globalThis.fetch): Fetch {
  return (input, init = {}) => send(audit, inner, undefined, 0, input, init)
}

// A call that is given up between two tries, in which nothing of ours runs, is over too.
function encloseRequests(audited: OpenAIClient, calls: AsyncLocalStorage<Call>): void {
  const request: unknown = Reflect.get(audited, 'request')
  if (typeof request !== 'function') return
  const value = (...given: readonly unknown[]): unknown => {
    const call: Call = { options: {}, exchange: undefined }
    const promise: unknown = calls.run(call, () => Reflect.apply(request, audited, given))
    const asResponse: unknown = typeof promise === 'object' && promise !== null && Reflect.get(promise, 'asResponse')
    if (typeof asResponse === 'function') giveUpWith(Reflect.apply(asResponse, promise, []), call)
    return promise
  }
  Object.defineProperty(audited, 'request', { value, configurable: true, writable: true })
}

function giveUpWith(response: Promise<unknown>, call: Call): void {
  response.catch((error) => {
    const ended = call.options.signal?.aborted === true ? 'cancelled' : 'failed'
    // Where this cannot be recorded, the intent without an outcome says so.
    call.exchange?.end({ ended, error }).catch(() => undefined)
  })
}

// Here what is thrown reaches the application as it is, nothing is tried again, and no timer of the client runs yet.
function beginBeforeSending(audited: OpenAIClient, audit: Capture, calls: AsyncLocalStorage<Call>): void {
  const prepare: unknown = Reflect.get(audited, 'prepareOptions')
  if (typeof prepare !== 'function') return
  const value = async (options: RequestOptions): Promise<void> => {
    await Reflect.apply(prepare, audited, [options])
    const call = calls.getStore()
    if (call === undefined) return
    call.options = options
    if (call.exchange !== undefined && !call.exchange.isOver()) return
    const { method = 'get', path = '/', body } = options
    const url = /^https?:/i.test(path) ? path : audited.baseURL.replace(/\/$/, '') + path
    call.exchange = await beginExchange(audit, { sdk: SDK, method, url, body })
  }
  Object.defineProperty(audited, 'prepareOptions', { value, configurable: true, writable: true })
}

async function send(
  audit: Capture,
  inner: Fetch,
  call: Call | undefined,
  retries: number,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  let exchange = call?.exchange
  try {
    if (exchange === undefined || exchange.isOver()) exchange = await beginExchange(audit, await sendingOf(input, init))
  } catch (error) {
    return refusal(error)
  }
  if (exchange === undefined) return inner(input, init)
  if (call !== undefined) call.exchange = exchange
  const isLast = Number(new Headers(init.headers).get('x-stainless-retry-count') ?? 0) >= retries
  const response = await attempt(exchange, inner, call, isLast, input, init)
  if (response.status < 400) return holdResponse(exchange, response, init.signal)
  const text = await response.text().catch(() => '')
  if (!isLast && isRetried(response)) {
    exchange.call.attempt({ status: response.status })
    return copyOf(response, text)
  }
  try {
    await exchange.end({ ended: 'failed', status: response.status, response: parsed(text) ?? text })
  } catch (error) {
    return refusal(error)
  }
  return copyOf(response, text)
}

async function attempt(
  { call, end }: Exchange,
  inner: Fetch,
  made: Call | undefined,
  isLast: boolean,
  input: string | URL | Request,
  init: RequestInit,
): Promise<Response> {
  try {
    return await call.enter(() => inner(input, init))
  } catch (error) {
    const isCancelled = made === undefined ? init.signal?.aborted === true : made.options.signal?.aborted === true
    if (isLast || isCancelled) await end({ ended: isCancelled ? 'cancelled' : 'failed', error })
    else call.attempt({ error })
    throw error
  }
}

async function sendingOf(
  input: string | URL | Request,
  { method, body }: RequestInit,
): Promise<Parameters<typeof beginExchange>[1]> {
  if (!(input instanceof Request))
    return { sdk: SDK, method: method ?? 'GET', url: String(input), body: body ?? undefined }
  return { sdk: SDK, method: method ?? input.method, url: input.url, body: body ?? (await input.clone().text()) }
}

/** What the client tries again, by the provider's word or by the status (408, 409, 429, 5xx). */
function isRetried({ status, headers }: Response): boolean {
  const told = headers.get('x-should-retry')
  if (told === 'true') return true
  return told !== 'false' && (status === 408 || status === 409 || status === 429 || status >= 500)
}

// Thrown inside fetch, an error would make the client try again: this tells it not to.
function refusal(error: unknown): Response {
  const message = error instanceof Error ? error.message : 'this call could not be recorded'
  return Response.json(
    { error: { code: 'AUDIT_UNAVAILABLE', type: 'audit', message } },
    { status: 424, headers: { 'x-should-retry': 'false' } },
  )
}
