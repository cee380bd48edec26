// Stands in for providers of models on loopback: OpenAI (chat completions, responses, embeddings), Azure, and Anthropic. What it speaks
// is held against the real SDKs that parse it (mock-provider.test.ts); what it was asked, and what it sent, is kept word for word.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

import { type Behaviour, SOME_TEXT, says } from './mock-answer.ts'
import { anthropicMessages } from './mock-anthropic.ts'
import { deliver, type Sent } from './mock-delivery.ts'
import type { Format } from './mock-format.ts'
import { openaiChat } from './mock-openai-chat.ts'
import { openaiEmbeddings } from './mock-openai-embeddings.ts'
import { openaiResponses } from './mock-openai-responses.ts'

export interface MockProvider {
  /** `http://127.0.0.1:PORT`: the base URL for Anthropic; for OpenAI it is `/v1` below, for Azure this is the endpoint. */
  readonly url: string
  readonly calls: readonly MockCall[]
  /** What it does with the next calls, one each. It says something to those that nothing is planned for. */
  next(...behaviours: readonly Behaviour[]): void
  /** Resolves when no call is under way: then it is known what was sent, also to a client that left. */
  idle(): Promise<void>
  close(): Promise<void>
}

export interface MockCall {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Without those that authorize. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly sent: Readonly<Sent>
}

const FORMATS: readonly (readonly [path: RegExp, format: Format])[] = [
  [/^\/v1\/chat\/completions$/, openaiChat],
  [/^\/openai\/deployments\/[^/]+\/chat\/completions$/, openaiChat],
  [/^\/v1\/responses$/, openaiResponses],
  [/^\/v1\/embeddings$/, openaiEmbeddings],
  [/^\/v1\/messages$/, anthropicMessages],
]

export async function startMockProvider(): Promise<MockProvider> {
  const planned: Behaviour[] = []
  const calls: MockCall[] = []
  const underWay = new Set<Promise<void>>()

  const server = createServer((request, response) => {
    const call = serve(request, response).finally(() => underWay.delete(call))
    underWay.add(call)
  })
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const over = once(response, 'close')
    const sent: Sent = { status: 0, body: '', isCut: false }
    const { method = '', url: path = '' } = request
    const body = await text(request).catch(() => undefined)
    // The client left before it had asked.
    if (body === undefined) return
    const call = { method, path, headers: harmless(request), body, sent }
    const nth = calls.push(call)
    await answer(call, nth, response, sent)
    await over
    sent.isCut = !response.writableFinished
  }
  async function answer(call: MockCall, nth: number, response: ServerResponse, sent: Sent): Promise<void> {
    const format = formatAt(call)
    const body = parsed(call.body)
    const problem = format === undefined || body === undefined ? 'no such endpoint, or no JSON' : format.refuses(body)
    if (format === undefined || body === undefined || problem !== undefined) return refuse(problem, response, sent)
    await deliver(planned.shift() ?? says(SOME_TEXT), { format, asked: { body, nth }, response, sent })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    calls,
    next: (...behaviours) => void planned.push(...behaviours),
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function formatAt({ method, path }: MockCall): Format | undefined {
  const { pathname } = new URL(path, 'http://127.0.0.1')
  return method === 'POST' ? FORMATS.find(([pattern]) => pattern.test(pathname))?.[1] : undefined
}

function parsed(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function refuse(problem: string | undefined, response: ServerResponse, sent: Sent): void {
  Object.assign(sent, { status: 400, body: JSON.stringify({ error: { message: problem } }) })
  response.writeHead(400, { 'content-type': 'application/json' }).end(sent.body)
}

const SECRET = new Set(['authorization', 'x-api-key', 'api-key', 'cookie'])

function harmless({ headers }: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (SECRET.has(name) ? [] : [[name, String(value)]])),
  )
}
