// affidavit/adapters/openai: the OpenAI client from version 5 on, Azure, and whatever speaks its protocol (spec/adapters.md). Nothing of the
// package is imported: a client is known by its shape.

import { AsyncLocalStorage } from 'node:async_hooks'

import type { Capture } from '../capture/steps.ts'
import { beginTry, type Call, giveUp, newCall, type RequestOptions } from './openai/call.ts'
import { auditedTools } from './openai/run-tools.ts'
import { type Fetch, send } from './openai/send.ts'
import { memberOf } from './wire/shape.ts'

/** What the adapter needs of a client. */
export interface OpenAIClient {
  readonly maxRetries: number
  withOptions(options: { fetch: Fetch }): this
}

/** Left on a client that is audited. */
interface Installed {
  readonly audits: readonly Capture[]
  /** What sends its requests, without any audit. */
  readonly fetch: Fetch
}

const INSTALLED = Symbol.for('affidavit.openai')

/**
 * The client with each call of a model on record, before it is made and before its answer is given out. The client that was handed in stays
 * as it is; one that this audit has already is given back.
 */
export function auditOpenAI<Client extends OpenAIClient>(client: Client, audit: Capture): Client {
  const before = installedOn(client)
  if (before?.audits.includes(audit)) return client
  const inner = before?.fetch ?? fetchOf(client)
  const calls = new AsyncLocalStorage<Call>({ name: 'affidavit openai' })
  const audited: Client = client.withOptions({
    fetch: (input, init) => send({ audit, inner, tries: triesOf(audited, calls.getStore()) }, input, init),
  })
  define(audited, INSTALLED, { audits: [...(before?.audits ?? []), audit], fetch: inner } satisfies Installed)
  encloseTries(audited, calls)
  beginBeforeSending(audited, audit, calls)
  auditToolsOf(audited, audit)
  keepAudited(audited, audit, inner)
  return audited
}

/** `fetch` for clients of this protocol that take one: each of its requests is a call of its own. */
export function auditedFetch(audit: Capture, inner: Fetch = globalThis.fetch): Fetch {
  return (input, init) => send({ audit, inner, tries: undefined }, input, init)
}

function installedOn(client: object): Installed | undefined {
  // Whatever stands under our symbol was put there by us.
  return Reflect.get(client, INSTALLED) as Installed | undefined
}

function fetchOf(client: object): Fetch {
  const own: unknown = Reflect.get(client, 'fetch')
  return typeof own === 'function' ? (input, init) => Reflect.apply(own, undefined, [input, init]) : globalThis.fetch
}

function triesOf({ maxRetries }: OpenAIClient, call: Call | undefined) {
  return call && { call, maxRetries }
}

function define(client: object, name: PropertyKey, value: unknown): void {
  Object.defineProperty(client, name, { value, configurable: true, writable: true })
}

type Method = (...given: readonly unknown[]) => Promise<unknown>

/** The method as it was. Where there is none, nobody calls what takes its place. */
function methodOf(client: object, name: string): Method {
  const own: unknown = Reflect.get(client, name)
  return async (...given) => (typeof own === 'function' ? Reflect.apply(own, client, given) : undefined)
}

// Each try is made by a call of makeRequest, and the first one ends with what the client gives up with. A later one may come out of the
// reading of a body, where nothing is left of the first but its options.
function encloseTries(audited: object, calls: AsyncLocalStorage<Call>): void {
  const makeRequest = methodOf(audited, 'makeRequest')
  const known = new WeakMap<object, Call>()
  const enclosed = async (
    options: object | Promise<object>,
    retriesRemaining: unknown,
    retryOf: unknown,
  ): Promise<unknown> => {
    const call = (retryOf === undefined ? undefined : (calls.getStore() ?? known.get(options))) ?? newCall()
    known.set(await options, call)
    try {
      return await calls.run(call, () => makeRequest(options, retriesRemaining, retryOf))
    } catch (error) {
      await giveUp(call, error)
      throw error
    }
  }
  define(audited, 'makeRequest', enclosed)
}

// Here what is thrown reaches the application as it is, nothing is tried again, no timer of the client runs yet, and what is to be sent
// changes no more.
function beginBeforeSending(audited: object, audit: Capture, calls: AsyncLocalStorage<Call>): void {
  const prepareRequest = methodOf(audited, 'prepareRequest')
  const prepared = async (request: RequestInit, about: { url: string; options: RequestOptions }): Promise<void> => {
    await prepareRequest(request, about)
    const call = calls.getStore()
    if (call === undefined) return
    call.options = about.options
    if (about.options.signal?.aborted === true) return
    await beginTry(call, audit, { method: request.method ?? 'GET', url: about.url, body: request.body })
  }
  define(audited, 'prepareRequest', prepared)
}

function auditToolsOf(audited: object, audit: Capture): void {
  const completions = memberOf(memberOf(audited, 'chat'), 'completions')
  const runTools = memberOf(completions, 'runTools')
  if (typeof completions !== 'object' || completions === null || typeof runTools !== 'function') return
  define(completions, 'runTools', (body: object, ...rest: readonly unknown[]) => {
    const tools = memberOf(body, 'tools')
    const hooked = Array.isArray(tools) ? { ...body, tools: auditedTools(audit, tools) } : body
    return Reflect.apply(runTools, completions, [hooked, ...rest])
  })
}

// A client is made of another by its options alone: what hooks it is not among them.
function keepAudited(audited: OpenAIClient, audit: Capture, inner: Fetch): void {
  const withOptions = audited.withOptions.bind(audited)
  define(audited, 'withOptions', (options: object) => auditOpenAI(withOptions({ fetch: inner, ...options }), audit))
}
