// Calls of model providers that no adapter made (spec/capture.md §8), as far as the HTTP clients of this process tell of their
// requests. They are told, not stopped.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ClientRequest } from 'node:http'

/** A request that was made. Nothing that may be a secret is told: no headers, and no query. */
export interface SeenRequest {
  /** With its port, where that is not the usual one. */
  readonly host: string
  /** `GET` is the begin of a WebSocket. */
  readonly method: string
  readonly path: string
}

export interface Watch {
  /**
   * Besides those of known providers: `llm.example.com`, `*.example.com`, `127.0.0.1:8080`. A `*` stands for a part of one name
   * between dots; without a port any is meant.
   */
  readonly hosts?: readonly string[]
  /** Asked at once, where the request is made: whether an adapter makes it. */
  isAudited(): boolean
  /** Called once for each request that none makes. It must not throw. */
  report(request: SeenRequest): void
}

/** Where models are asked. */
const PROVIDERS: readonly string[] = [
  'api.openai.com',
  '*.openai.azure.com',
  '*.services.ai.azure.com',
  'api.anthropic.com',
  'generativelanguage.googleapis.com',
  'aiplatform.googleapis.com',
  '*-aiplatform.googleapis.com',
  'bedrock-runtime.*.amazonaws.com',
  'bedrock-runtime-fips.*.amazonaws.com',
  'api.mistral.ai',
  'api.cohere.com',
  'api.groq.com',
  'api.deepseek.com',
  'api.x.ai',
  'openrouter.ai',
]
const MAX_PATH = 256

/** Listens to `fetch`, undici and node:http until it is stopped. */
export function watchProviders({ hosts = [], isAudited, report }: Watch): { stop(): void } {
  const isProvider = hostMatcher([...PROVIDERS, ...hosts])

  function look(request: Request | undefined): void {
    if (request === undefined || !sends(request) || !isProvider(request.host) || isAudited()) return
    const { host, method, path } = request
    report({ host, method, path })
  }

  const ofUndici = (message: unknown): void => look(requestOfUndici(requestIn(message)))
  const ofHttp = (message: unknown): void => look(requestOfHttp(requestIn(message)))
  subscribe('undici:request:create', ofUndici)
  // Not `start`: a request may be sent from another context than the one that it was made in.
  subscribe('http.client.request.created', ofHttp)
  return {
    stop() {
      unsubscribe('undici:request:create', ofUndici)
      unsubscribe('http.client.request.created', ofHttp)
    },
  }
}

interface Request extends SeenRequest {
  readonly upgrade: boolean
}

/** Reading what a provider offers hands nothing to it; a WebSocket begins by reading. */
function sends({ method, upgrade }: Request): boolean {
  return upgrade || !['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(method)
}

function hostMatcher(patterns: readonly string[]): (host: string) => boolean {
  const matchers = patterns.map((pattern) => {
    const parts = pattern.toLowerCase().split('*').map(escaped)
    const port = /:\d+$/.test(pattern) ? '' : '(?::\\d+)?'
    return new RegExp(`^${parts.join('[^.:]+')}${port}$`)
  })
  return (host) => matchers.some((matcher) => matcher.test(host))
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
}

function requestIn(message: unknown): object | undefined {
  const request = typeof message === 'object' && message !== null && 'request' in message ? message.request : undefined
  return typeof request === 'object' && request !== null ? request : undefined
}

function requestOfUndici(request: object | undefined): Request | undefined {
  if (request === undefined) return undefined
  const url = URL.parse(String(Reflect.get(request, 'origin')))
  if (url === null) return undefined
  return {
    host: hostOf(url.hostname, url.host),
    ...wordsOf(request),
    upgrade: isWebSocket(Reflect.get(request, 'upgrade')),
  }
}

function requestOfHttp(request: object | undefined): Request | undefined {
  if (!(request instanceof ClientRequest)) return undefined
  const header = String(request.getHeader('host') ?? '')
  return { host: hostOf(request.host, header), ...wordsOf(request), upgrade: isWebSocket(request.getHeader('upgrade')) }
}

// A header need not tell the host that is called: it is believed about the port alone.
function hostOf(hostname: string, withPort: string): string {
  const [port = ''] = /:\d+$/.exec(withPort) ?? []
  return hostname.toLowerCase().replace(/\.$/, '') + port
}

function wordsOf(request: object): Pick<Request, 'method' | 'path'> {
  const [path = ''] = String(Reflect.get(request, 'path')).split(/[?#]/)
  return { method: String(Reflect.get(request, 'method')).toUpperCase(), path: path.slice(0, MAX_PATH) }
}

function isWebSocket(upgrade: unknown): boolean {
  return String(upgrade).toLowerCase() === 'websocket'
}
