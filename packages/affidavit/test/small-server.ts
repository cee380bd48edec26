// A server of one ledger, as small as a client needs it (spec/http.md §9).

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'

import { fromBase64, toBase64 } from '../src/bytes/base64.ts'
import { createNodes } from '../src/client/read-nodes.ts'
import { type OpenOptions, openFolder } from '../src/embedded/open.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { buildConsistency, planConsistency } from '../src/merkle/consistency.ts'
import { parseTilePath } from '../src/merkle/tile.ts'

export interface SmallServer {
  readonly port: number
  readonly ledger: Ledger
  readonly url: string
  close(): Promise<void>
}

export const TOKEN = 'affidavit_abcdefghijkl_secret'

export async function startSmallServer(
  folder: string,
  options: OpenOptions & { readonly port?: number; readonly acts?: readonly string[] } = {},
): Promise<SmallServer> {
  const ledger = await openFolder(folder, options)
  const name = ledger.origin.slice(0, ledger.origin.lastIndexOf('/'))
  const sockets = new Set<Socket>()
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => problem(response, error))
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-request-id', request.headers['x-request-id'] ?? 'none')
    if (request.headers.authorization !== `Bearer ${TOKEN}`) throw new Refused(401, 'not-signed-in')
    const url = new URL(request.url ?? '/', 'http://localhost')
    const prefix = [name, ledger.origin].map((one) => `/v1/ledgers/${encodeURIComponent(one)}/`)
    const below = prefix.find((one) => url.pathname.startsWith(one))
    if (url.pathname === '/v1/ledgers') return json(response, { ledgers: [await listing()] })
    if (below === undefined) throw new Refused(404, 'not-found')
    response.setHeader('affidavit-ledger', ledger.origin)
    const route = `${request.method} ${url.pathname.slice(below.length)}`
    if (route === 'POST records') return append(request, response)
    if (route === 'GET writer') return json(response, await writer())
    if (route === 'GET health') return json(response, await ledger.health())
    if (route === 'GET checkpoint') return note(response, await newest())
    if (route === 'POST checkpoint') return note(response, (await ledger.publish()).note)
    if (route === 'GET checkpoints') {
      const checkpoints = []
      for await (const one of ledger.checkpoints(Number(url.searchParams.get('after') ?? -1))) checkpoints.push(one)
      return json(response, { checkpoints: checkpoints.slice(0, Number(url.searchParams.get('limit') ?? 100)) })
    }
    if (route === 'GET consistency') {
      const [from, to] = [Number(url.searchParams.get('from')), Number(url.searchParams.get('to'))]
      const nodes = createNodes((tile) => ledger.tile(tile), to)
      const plan = planConsistency(from, to)
      await nodes.fetch(plan.flat())
      return json(response, { from, to, proof: buildConsistency(plan, nodes.at).map(toBase64) })
    }
    if (route.startsWith('GET tile/')) {
      const tile = parseTilePath(route.slice('GET '.length))
      if (tile === undefined || tile.level === 'entries') throw new Refused(404, 'not-found')
      const bytes = await ledger.tile({ ...tile, level: tile.level })
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(bytes)
      return
    }
    if (route.startsWith('GET writer/records/')) {
      const id = route.slice('GET writer/records/'.length)
      return json(response, { id, recorded: await ledger.isRecorded(id) })
    }
    if (route.startsWith('GET writer/versions')) {
      const action = url.searchParams.get('action') === 'prompt_changed' ? 'prompt_changed' : 'model_changed'
      const version = await ledger.versionInForce(action, url.searchParams.get('agent_name') ?? '')
      return json(response, { version: version ?? null })
    }
    throw new Refused(404, 'not-found')
  }

  async function listing(): Promise<object> {
    const acts = options.acts ?? ['append']
    const who = { actor_id: 'svc-agent', actor_type: 'agent', acts }
    return { ledger: name, origin: ledger.origin, verifier_key: await ledger.verifierKey(), ...who }
  }

  async function writer(): Promise<object> {
    const digest_key = readFileSync(join(folder, 'keys', 'digest.key'), 'utf8').trim()
    return { origin: ledger.origin, digest_key, actions: options.actions ?? {} }
  }

  async function newest(): Promise<string> {
    let last = ''
    for await (const one of ledger.checkpoints()) last = one.note
    return last
  }

  async function append(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const lines = (await buffer(request)).toString().split('\n').slice(0, -1)
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const outcomes = await ledger.appendMany(lines.map(draftOf))
    for (const [i, outcome] of outcomes.entries()) {
      const told = 'error' in outcome ? { state: 'refused', error: told_of(outcome.error) } : outcome
      response.write(`${JSON.stringify({ line: i + 1, ...told })}\n`)
    }
    response.end()
  }

  return {
    port,
    ledger,
    url: `http://127.0.0.1:${port}/v1/ledgers/${encodeURIComponent(name)}`,
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await ledger.close()
    },
  }
}

class Refused extends Error {
  readonly status: number
  readonly code: string
  constructor(status: number, code: string) {
    super(code)
    this.status = status
    this.code = code
  }
}

// biome-ignore lint/suspicious/noExplicitAny: what came
function draftOf(line: string): any {
  const draft = JSON.parse(line)
  if (draft.content === undefined) return draft
  return {
    ...draft,
    content: draft.content.map(({ encoding, body, ...named }: { encoding?: string; body: string }) => ({
      ...named,
      body: encoding === 'base64' ? fromBase64(body) : body,
    })),
  }
}

function told_of({ code, problem, cure, path }: LedgerError): object {
  return { code, detail: problem, cure, path }
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function note(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

function problem(response: ServerResponse, error: unknown): void {
  const told =
    error instanceof LedgerError
      ? told_of(error)
      : { code: error instanceof Refused ? error.code : 'bug', detail: String(error) }
  const status = error instanceof Refused ? error.status : error instanceof LedgerError ? 503 : 500
  if (response.headersSent) response.destroy()
  else
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify({ ...told, status }))
}
