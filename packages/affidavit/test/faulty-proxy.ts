// Stands between a client and a server of ledgers, and does to requests and answers what networks, proxies and dying servers do.

import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** What becomes of one request. */
export type Fault =
  /** The server never has it: the connection goes first. */
  | 'lost request'
  /** The server has it, and nobody hears of that. */
  | 'lost answer'
  /** The client hears nothing; the server gets it when `deliver` says so. */
  | 'late request'
  /** Half of the answer comes. */
  | 'cut answer'
  /** A byte of it is another one. */
  | 'garbled answer'
  /** It comes twice, one behind the other. */
  | 'doubled answer'
  /** Its lines come in another order. */
  | 'shuffled answer'
  /** It ends before its last line. */
  | 'short answer'
  /** It is the one to the request before. */
  | 'earlier answer'
  /** It says that it is another ledger's. */
  | 'answer of another ledger'
  /** Something else answers. */
  | 'page'
  | 'bad gateway'
  /** The server says that it does not want it now. */
  | 'rate-limited'
  | 'queue-full'
  /** A bug, once it was carried out. */
  | 'broken server'
  /** Nothing comes, and the connection stays. */
  | 'silence'

export interface FaultyProxy {
  readonly port: number
  /** Where requests go. */
  target: number
  /** Asked for every request; `none` passes it. */
  next: (request: { readonly method: string; readonly path: string }) => Fault | 'none'
  /** What is done to answers that are passed. */
  rewrite: (path: string, body: Buffer) => Buffer
  /** Requests that came. */
  seen(): number
  /** Has the server get what was late. */
  deliver(): Promise<void>
  /** Ends all connections. */
  cutAll(): void
  close(): Promise<void>
}

interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

interface Request {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

export async function startFaultyProxy(target: number): Promise<FaultyProxy> {
  const sockets = new Set<Socket>()
  const agent = new Agent({ keepAlive: true })
  const late: Request[] = []
  let before: Answered | undefined
  let seen = 0

  const listener = createServer((incoming, response) => void pass(incoming, response).catch(() => response.destroy()))
  listener.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  listener.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()

  async function pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming
    const asked = { method, path, headers, body: await buffer(incoming) }
    seen++
    const fault = proxy.next(asked)
    const lose = (): void => void response.destroy()
    if (fault === 'silence') return
    if (fault === 'lost request') return lose()
    if (fault === 'late request') {
      late.push(asked)
      return lose()
    }
    const made = madeUp(fault, headers)
    if (made !== undefined) return give(response, made)
    const answered = await forward(asked)
    const earlier = before
    before = answered
    if (fault === 'lost answer') return lose()
    if (fault === 'broken server') return give(response, problem(500, 'bug', headers))
    if (fault === 'cut answer') return cut(response, answered)
    give(response, fault === 'earlier answer' ? (earlier ?? answered) : harmed(fault, answered))
  }

  function forward({ method, path, headers, body }: Request): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const { host: _, connection: __, 'transfer-encoding': ___, ...kept } = headers
      const length = body.length > 0 ? { 'content-length': String(body.length) } : {}
      const onward = request({
        agent,
        host: '127.0.0.1',
        port: proxy.target,
        method,
        path,
        headers: { ...kept, ...length },
      })
      onward.on('error', reject)
      onward.on('response', (answer) => {
        buffer(answer).then(
          (came) =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: proxy.rewrite(path, came) }),
          reject,
        )
      })
      onward.end(body)
    })
  }

  const proxy: FaultyProxy = {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    target,
    next: () => 'none',
    rewrite: (_, body) => body,
    seen: () => seen,
    async deliver() {
      await Promise.all(late.splice(0).map(forward))
    },
    cutAll() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      listener.close()
      agent.destroy()
      for (const socket of sockets) socket.destroy()
    },
  }
  return proxy
}

function give(response: ServerResponse, { status, headers, body }: Answered): void {
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...kept } = headers
  response.writeHead(status, { ...kept, 'content-length': body.length }).end(body)
}

function cut(response: ServerResponse, { status, headers, body }: Answered): void {
  const { 'content-length': _, 'transfer-encoding': __, connection: ___, ...kept } = headers
  response.writeHead(status, { ...kept, 'content-length': body.length })
  response.write(body.subarray(0, body.length >> 1), () => response.destroy())
}

function harmed(fault: Fault | 'none', answered: Answered): Answered {
  const { headers, body } = answered
  const lines = body.toString('latin1').split(/(?<=\n)/)
  if (fault === 'garbled answer')
    return { ...answered, body: Buffer.from(body).fill(0xff, body.length >> 1, (body.length >> 1) + 1) }
  if (fault === 'doubled answer') return { ...answered, body: Buffer.concat([body, body]) }
  if (fault === 'shuffled answer') return { ...answered, body: Buffer.from(lines.reverse().join(''), 'latin1') }
  if (fault === 'short answer') return { ...answered, body: Buffer.from(lines.slice(0, -1).join(''), 'latin1') }
  if (fault === 'answer of another ledger')
    return { ...answered, headers: { ...headers, 'affidavit-ledger': 'another.example/x/0123456789abcdef' } }
  return answered
}

function madeUp(fault: Fault | 'none', asked: IncomingHttpHeaders): Answered | undefined {
  if (fault === 'page')
    return { status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<p>Welcome.</p>\n') }
  if (fault === 'bad gateway')
    return { status: 502, headers: { 'content-type': 'text/html' }, body: Buffer.from('<p>Bad gateway</p>\n') }
  if (fault === 'rate-limited') return problem(429, fault, asked, { 'retry-after': '0' })
  if (fault === 'queue-full') return problem(503, fault, asked, { 'retry-after': '0' })
  return undefined
}

function problem(status: number, code: string, asked: IncomingHttpHeaders, more: IncomingHttpHeaders = {}): Answered {
  const type = { 'content-type': 'application/problem+json', 'x-request-id': asked['x-request-id'] }
  const body = { type: `urn:affidavit:error:${code}`, title: code, status, code, detail: 'not now' }
  return { status, headers: { ...type, ...more }, body: Buffer.from(JSON.stringify(body)) }
}
