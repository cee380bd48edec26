// One request, one answer (spec/client.md §2). What is not certainly the answer of this ledger to this request is none.

import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'

import { toHex } from '../bytes/hex.ts'
import type { RandomSource } from '../crypto/random.ts'

export interface Request {
  readonly method: 'GET' | 'POST'
  /** Below the server's base. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: { readonly type: string; readonly bytes: Uint8Array }
  /** The most bytes of an answer that is read. */
  readonly maxBytes: number
  /** How long nothing may come. */
  readonly patienceMillis: number
  /** Ends it: nobody waits for the answer any more. */
  readonly signal?: AbortSignal
}

export interface Answer {
  readonly status: number
  header(name: string): string | undefined
}

/** Takes the bytes of an answer as they come. `enough`: what follows is not wanted. */
export type Take = (answer: Answer, bytes: Uint8Array) => 'more' | 'enough'

/** No answer: the request may have been carried out all the same, or certainly was not. */
export class NoAnswer extends Error {
  readonly carriedOut: 'maybe' | 'not'

  constructor(carriedOut: NoAnswer['carriedOut'], problem: string, cause?: unknown) {
    super(problem, { cause })
    this.name = 'NoAnswer'
    this.carriedOut = carriedOut
  }
}

export interface Exchange {
  /** Resolves when the answer is over. @throws NoAnswer where it is cut, too long, too slow, or of another request */
  send(request: Request, take: Take): Promise<Answer>
  close(): void
}

export interface ExchangeParts {
  readonly base: string
  readonly token: string
  readonly random: RandomSource
}

/** Requests at a time: those of drafts, and a few that ask. */
const MAX_SOCKETS = 16
/** Nothing was sent where these are why. */
const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
])

export function createExchange({ base, token, random }: ExchangeParts): Exchange {
  const { protocol, hostname, port, pathname } = new URL(base)
  const isSecure = protocol === 'https:'
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' } as const
  const agent = isSecure ? new HttpsAgent(options) : new HttpAgent(options)
  const begin = isSecure ? requestHttps : requestHttp
  const prefix = pathname === '/' ? '' : pathname
  const host = hostname.replace(/^\[|\]$/g, '')

  function send(
    { method, path, headers, body, maxBytes, patienceMillis, signal }: Request,
    take: Take,
  ): Promise<Answer> {
    const id = toHex(random(12))
    return new Promise((resolve, reject) => {
      const request = begin({
        ...{ agent, method, host, port, path: `${prefix}${path}` },
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          'x-request-id': id,
          ...(body && { 'content-type': body.type, 'content-length': body.bytes.length }),
        },
      })
      let state: 'under way' | 'over' = 'under way'
      const aborted = (): void => fail(noAnswer('nobody waits for it any more'))

      function end(answer: Answer): void {
        state = 'over'
        resolve(answer)
      }

      function fail(error: NoAnswer): void {
        // What follows an end is the connection going its way.
        if (state === 'over') return
        state = 'over'
        reject(error)
        request.destroy()
      }

      signal?.addEventListener('abort', aborted)
      // A signal may outlive many requests.
      request.once('close', () => signal?.removeEventListener('abort', aborted))
      request.setTimeout(patienceMillis, () => fail(noAnswer(`nothing came for ${patienceMillis} ms`)))
      request.on('error', (error) => {
        const carriedOut = 'code' in error && NOT_CONNECTED.has(String(error.code)) ? 'not' : 'maybe'
        fail(new NoAnswer(carriedOut, 'the connection failed', error))
      })
      request.on('response', (response) => {
        const answer = answerOf(response)
        if (answer.header('x-request-id') !== id) {
          fail(noAnswer(`an answer with status ${answer.status} that is not to this request`))
          return
        }
        let came = 0
        response.on('data', (bytes: Uint8Array) => {
          if (state === 'over') return
          came += bytes.length
          if (came > maxBytes) fail(noAnswer(`an answer of more than ${maxBytes} bytes`))
          else if (taken(answer, bytes) === 'enough') {
            end(answer)
            request.destroy()
          }
        })
        response.on('end', () => (response.complete ? end(answer) : fail(noAnswer('the answer was cut off'))))
        response.on('close', () => fail(noAnswer('the answer was cut off')))
        response.on('error', (error) => fail(noAnswer('the answer was cut off', error)))
      })
      request.end(body?.bytes)

      function taken(answer: Answer, bytes: Uint8Array): 'more' | 'enough' {
        try {
          return take(answer, bytes)
        } catch (error) {
          fail(error instanceof NoAnswer ? error : noAnswer('an answer that cannot be read', error))
          return 'more'
        }
      }
    })
  }

  return { send, close: () => agent.destroy() }
}

function answerOf({ statusCode = 0, headers }: IncomingMessage): Answer {
  return {
    status: statusCode,
    header(name) {
      const value = headers[name]
      return Array.isArray(value) ? undefined : value
    },
  }
}

function noAnswer(problem: string, cause?: unknown): NoAnswer {
  return new NoAnswer('maybe', problem, cause)
}
