// A provider that answers each request with what comes next, whatever it is: what no real one sends on demand.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'

export type Answering = (response: ServerResponse, request: IncomingMessage) => void

export interface AnyServer {
  readonly url: string
  /** Method and path of each request, and its body. */
  readonly requests: readonly { readonly line: string; readonly body: string }[]
  next(...answers: readonly Answering[]): void
}

export async function startAnyServer(t: TestContext): Promise<AnyServer> {
  const planned: Answering[] = []
  const requests: AnyServer['requests'][number][] = []
  const server = createServer(async (request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, body: await text(request) })
    const answering = planned.shift() ?? ((of) => of.writeHead(500).end('nothing was planned'))
    answering(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    requests,
    next: (...answers) => void planned.push(...answers),
  }
}

export function json(value: unknown, status = 200): Answering {
  return typed('application/json', JSON.stringify(value), status)
}

export function typed(type: string, body: string | Uint8Array, status = 200): Answering {
  return (response) => void response.writeHead(status, { 'content-type': type }).end(body)
}
