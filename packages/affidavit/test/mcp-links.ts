// Clients and servers of both generations of the MCP SDK, connected in each way that an adapter meets: one way to serve and to call.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'

import {
  Client as Client2,
  StreamableHTTPClientTransport as Http2,
  InMemoryTransport as Memory2,
} from '@modelcontextprotocol/client'
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Http1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTransport as Memory1 } from '@modelcontextprotocol/sdk/inMemory.js'
import { Server as Server1 } from '@modelcontextprotocol/sdk/server/index.js'
import { StreamableHTTPServerTransport as HttpServer1 } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import {
  CallToolRequestSchema,
  ElicitRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import { createMcpHandler, inputRequired, inputResponse, Server as Server2 } from '@modelcontextprotocol/server'

import { auditMcpClient, auditMcpServer } from '../src/adapters/mcp.ts'
import type { Capture } from '../src/capture/steps.ts'

/** What a server does. */
export interface Served {
  tool(given: Readonly<Record<string, unknown>>, call: ServedCall): Promise<Result>
  resource?(uri: string): Promise<string>
}

export interface ServedCall {
  readonly name: string
  readonly signal: AbortSignal
  /** Asks the user of the client: resolves with what they did. */
  ask(message: string): Promise<string>
}

type Result = { readonly content: { type: 'text'; text: string }[]; readonly isError?: boolean }

export interface Ends {
  readonly client?: Capture
  readonly server?: Capture
  /** What the user of the client does when they are asked. */
  readonly answers?: 'accept' | 'decline' | 'cancel'
}

export interface Link {
  callTool(name: string, given: object, options?: { signal?: AbortSignal; timeout?: number }): Promise<unknown>
  readResource(uri: string): Promise<unknown>
  close(): Promise<void>
}

export interface LinkKind {
  readonly name: string
  connect(ends: Ends, served: Served): Promise<Link>
}

const INFO = { name: 'clinic', version: '1' }
const ABLE = { capabilities: { tools: {}, resources: {} } }
const ASKED = { capabilities: { elicitation: {} } }
const SCHEMA = { type: 'object', properties: {} } as const

function server1({ server: audit }: Ends, served: Served): Server1 {
  const server = new Server1(INFO, ABLE)
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, { signal }) => {
    const ask = async (message: string): Promise<string> =>
      (await server.elicitInput({ message, requestedSchema: SCHEMA })).action
    return served.tool(params.arguments ?? {}, { name: params.name, signal, ask })
  })
  server.setRequestHandler(ReadResourceRequestSchema, async ({ params: { uri } }) => ({
    contents: await read(served, uri),
  }))
  return audit === undefined ? server : auditMcpServer(server, audit)
}

function client1({ client: audit, answers }: Ends): Client1 {
  const client = new Client1(INFO, answers === undefined ? {} : ASKED)
  if (answers !== undefined) client.setRequestHandler(ElicitRequestSchema, async () => ({ action: answers }))
  return audit === undefined ? client : auditMcpClient(client, audit)
}

function server2({ server: audit }: Ends, served: Served, era: 'legacy' | 'modern'): Server2 {
  const server = new Server2(INFO, { ...ABLE, cacheHints: { 'resources/read': { ttlMs: 60_000 } } })
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq: { signal, inputResponses } }) => {
    const answer = inputResponse(inputResponses, 'confirm')
    const asked = Symbol('asked')
    let question = ''
    const ask = async (message: string): Promise<string> => {
      if (era === 'legacy') return (await server.elicitInput({ message, requestedSchema: SCHEMA })).action
      if (answer.kind === 'elicit') return answer.action
      question = message
      throw asked
    }
    try {
      return await served.tool(params.arguments ?? {}, { name: params.name, signal, ask })
    } catch (error) {
      if (error !== asked) throw error
      return inputRequired({
        inputRequests: { confirm: inputRequired.elicit({ message: question, requestedSchema: SCHEMA }) },
      })
    }
  })
  server.setRequestHandler('resources/read', async ({ params: { uri } }) => ({ contents: await read(served, uri) }))
  return audit === undefined ? server : auditMcpServer(server, audit)
}

function client2({ client: audit, answers }: Ends, mode: 'auto' | 'legacy'): Client2 {
  const client = new Client2(INFO, { ...(answers === undefined ? {} : ASKED), versionNegotiation: { mode } })
  if (answers !== undefined) client.setRequestHandler('elicitation/create', async () => ({ action: answers }))
  return audit === undefined ? client : auditMcpClient(client, audit)
}

async function read(served: Served, uri: string): Promise<{ uri: string; text: string }[]> {
  return [{ uri, text: (await served.resource?.(uri)) ?? '' }]
}

interface Closing {
  close(): Promise<void>
}

function link(client: Client1 | Client2, ...others: readonly Closing[]): Link {
  return {
    callTool: (name, given, options) =>
      client instanceof Client1
        ? client.callTool({ name, arguments: { ...given } }, undefined, options)
        : client.callTool({ name, arguments: { ...given } }, options),
    readResource: (uri) => client.readResource({ uri }),
    async close() {
      await client.close()
      for (const other of others) await other.close()
    },
  }
}

async function listen(listener: RequestListener): Promise<{ url: URL } & Closing> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return { url: new URL(`http://127.0.0.1:${port}/mcp`), close }
}

/** Both ends in one process. */
export const MEMORY: readonly LinkKind[] = [
  {
    name: 'SDK 1, in memory',
    async connect(ends, served) {
      const [client, server] = [client1(ends), server1(ends, served)]
      const [near, far] = Memory1.createLinkedPair()
      await server.connect(far)
      await client.connect(near)
      return link(client)
    },
  },
  {
    name: 'SDK 2, in memory',
    async connect(ends, served) {
      const [client, server] = [client2(ends, 'legacy'), server2(ends, served, 'legacy')]
      const [near, far] = Memory2.createLinkedPair()
      await server.connect(far)
      await client.connect(near)
      return link(client)
    },
  },
]

export const HTTP: readonly LinkKind[] = [
  {
    name: 'SDK 1, HTTP',
    async connect(ends, served) {
      const transport = new HttpServer1({ sessionIdGenerator: () => 'session' })
      await server1(ends, served).connect(transport as Parameters<Server1['connect']>[0])
      const { url, ...listening } = await listen((request, response) => void transport.handleRequest(request, response))
      const client = client1(ends)
      await client.connect(new Http1(url) as Parameters<Client1['connect']>[0])
      return link(client, transport, listening)
    },
  },
  {
    name: 'SDK 2, HTTP, protocol of 2025',
    async connect(ends, served) {
      const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: () => 'session' })
      await server2(ends, served, 'legacy').connect(transport)
      const { url, ...listening } = await listen((request, response) => void transport.handleRequest(request, response))
      const client = client2(ends, 'legacy')
      await client.connect(new Http2(url))
      return link(client, transport, listening)
    },
  },
  {
    name: 'SDK 2, HTTP, protocol of 2026',
    async connect(ends, served) {
      const handle = toNodeHandler(createMcpHandler(() => server2(ends, served, 'modern'), { legacy: 'reject' }))
      const { url, ...listening } = await listen(
        (request, response) =>
          // A request that came over a connection has a method.
          void handle(request as Parameters<typeof handle>[0], response),
      )
      const client = client2(ends, 'auto')
      await client.connect(new Http2(url))
      return link(client, listening)
    },
  },
]
