// A KMS of our own on the loopback interface: AWS JSON 1.1 over HTTP, as the real SDK speaks it, with faults on demand.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

import type { UnixMillis } from '../clock/clock.ts'
import { type FakeKeys, fakeKeys, KmsFault } from './fake-kms-keys.ts'

/**
 * What goes wrong with one request: KMS is busy, breaks, refuses the caller, or the connection breaks before it was read, or
 * after it was done and before the answer.
 */
export type RequestFault = 'throttled' | 'broken' | 'denied' | 'reset-before' | 'reset-after'

export interface FakeKms {
  readonly endpoint: string
  /** Every operation that was asked for, in order. */
  readonly asked: readonly string[]
  readonly keys: FakeKeys['keys']
  readonly aliases: FakeKeys['aliases']
  /** The next requests for `operation` go wrong, one each. */
  break(operation: string, ...faults: readonly RequestFault[]): void
  /** Keys that are made from now on are known to their first questions as said here, and to all after them. */
  hideNewKeys(known: readonly boolean[]): void
  close(): Promise<void>
}

/** `place` is where it is: `arn:aws:kms:REGION:ACCOUNT`. */
export async function fakeKms(place: string, now: () => UnixMillis): Promise<FakeKms> {
  const asked: string[] = []
  const faults = new Map<string, RequestFault[]>()
  let known: readonly boolean[] = []
  const store = fakeKeys(place, now, () => known)

  const server = createServer((request, response) => {
    respond(request, response).catch(() => request.socket.destroy())
  })

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, operation = ''] = /^TrentService\.(\w+)$/.exec(String(request.headers['x-amz-target'])) ?? []
    const body = await textOf(request)
    asked.push(operation)
    const fault = faults.get(operation)?.shift()
    if (fault === 'reset-before') return void request.socket.resetAndDestroy()
    const [status, answer] =
      fault !== undefined && fault !== 'reset-after' ? FAULTS[fault] : answerTo(request, operation, body)
    if (fault === 'reset-after') return void request.socket.resetAndDestroy()
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(answer))
  }

  function answerTo(request: IncomingMessage, operation: string, body: string): readonly [number, object] {
    try {
      if (!isSigned(request)) throw new KmsFault('MissingAuthenticationTokenException', 'not signed')
      return [200, store.answer(operation, JSON.parse(body))]
    } catch (error) {
      if (!(error instanceof KmsFault)) throw error
      return [400, { __type: error.name, message: error.message }]
    }
  }

  const endpoint = await new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`)
    })
  })
  return {
    endpoint,
    asked,
    keys: store.keys,
    aliases: store.aliases,
    break: (operation, ...some) => void faults.set(operation, [...(faults.get(operation) ?? []), ...some]),
    hideNewKeys(next) {
      known = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

const FAULTS: Readonly<Record<Exclude<RequestFault, 'reset-before' | 'reset-after'>, readonly [number, object]>> = {
  throttled: [400, { __type: 'ThrottlingException', message: 'Rate exceeded' }],
  broken: [500, { __type: 'KMSInternalException', message: 'broken' }],
  denied: [400, { __type: 'AccessDeniedException', message: 'not authorized' }],
}

// Whether the signature is right is for AWS to say; that there is one, for us.
function isSigned({ headers }: IncomingMessage): boolean {
  return /^AWS4-HMAC-SHA256 Credential=\S+\/kms\/aws4_request, /.test(headers.authorization ?? '')
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
