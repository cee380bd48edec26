// Peers and transports that are not as one expects: what passes is on record all the same, once.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { Client as Client2, InMemoryTransport as Memory2 } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport as Memory1 } from '@modelcontextprotocol/sdk/inMemory.js'
import { Server as Server1 } from '@modelcontextprotocol/sdk/server/index.js'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { CallToolRequestSchema, ElicitRequestSchema, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { McpServer as McpServer2 } from '@modelcontextprotocol/server'

import { auditMcpClient, auditMcpServer } from '../src/adapters/mcp.ts'
import { auditedAgent, type Recorded } from './audited-agent.ts'

const agent = await auditedAgent()
after(() => agent.close())
const { audit } = agent

const INFO = { name: 'clinic', version: '1' }
const WEATHER = { name: 'get_weather', arguments: {} }

function briefly(records: readonly Recorded[]): string[] {
  const steps = records.filter(({ action }) => action.startsWith('tool_'))
  return steps.map(({ action, details }) => [action, details?.ended].filter(Boolean).join(' '))
}
const ONCE = ['tool_invoked', 'tool_completed complete']

type Request = Extract<JSONRPCMessage, { method: string; id: unknown }>

/** A server that is driven by hand: `receive` is told of all but the initialisation. */
async function serveByHand(far: Memory1, receive: (message: JSONRPCMessage) => void): Promise<void> {
  far.onmessage = (message) => {
    if (!isRequest(message) || message.method !== 'initialize') return receive(message)
    const initialized = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: INFO }
    void far.send({ jsonrpc: '2.0', id: message.id, result: initialized })
  }
  await far.start()
}

function isRequest(message: JSONRPCMessage): message is Request {
  return 'method' in message && 'id' in message
}

test('a response is recorded that names its request by another writing of its number', async () => {
  const [near, far] = Memory1.createLinkedPair()
  await serveByHand(far, (message) => {
    if (isRequest(message)) void far.send({ jsonrpc: '2.0', id: ` ${message.id}`, result: { content: [] } })
  })
  const client = auditMcpClient(new Client1(INFO), audit)
  const done = await agent.during(async () => {
    await client.connect(near)
    return client.callTool(WEATHER)
  })
  assert.deepEqual(done.result, { content: [] })
  assert.deepEqual(briefly(await done.recorded()), ONCE)
})

test('two requests of one id have two outcomes', async () => {
  const [near, far] = Memory1.createLinkedPair()
  const server = new Server1(INFO, { capabilities: { tools: {} } })
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => ({
    content: [{ type: 'text', text: params.name }],
  }))
  const answers: unknown[] = []
  near.onmessage = (message) => void answers.push(message)
  const done = await agent.during(async () => {
    await auditMcpServer(server, audit).connect(far)
    for (const name of ['one', 'two'])
      await near.send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })
    while (answers.length < 2) await new Promise(setImmediate)
  })
  assert.equal(done.error, undefined)
  assert.deepEqual(briefly(await done.recorded()).sort(), [...ONCE, ...ONCE].sort())
})

test('what is audited twice is recorded once', async () => {
  const server = new McpServer2(INFO)
  server.registerTool('get_weather', {}, async () => ({ content: [] }))
  const client = new Client2(INFO)
  const [near, far] = Memory2.createLinkedPair()
  auditMcpServer(auditMcpServer(server, audit), audit)
  auditMcpServer(server.server, audit)
  auditMcpClient(auditMcpClient(client, audit), audit)
  const done = await agent.during(async () => {
    await server.connect(far)
    await client.connect(near)
    await client.callTool(WEATHER)
  })
  assert.equal(done.error, undefined)
  assert.deepEqual(briefly(await done.recorded()), ONCE)
})

test('tools that are registered with an McpServer of SDK 1 are recorded', async () => {
  const server = new McpServer1(INFO)
  server.registerTool('get_weather', {}, async () => ({ content: [] }))
  const client = new Client1(INFO)
  const [near, far] = Memory1.createLinkedPair()
  const done = await agent.during(async () => {
    await auditMcpServer(server, audit).connect(far)
    await client.connect(near)
    await client.callTool(WEATHER)
  })
  assert.deepEqual(briefly(await done.recorded()), ONCE)
})

test('a transport that sends a request once more by itself makes one record of it, and is what it was', async () => {
  let tries = 0
  class Unauthorized extends Memory1 {
    override async send(message: JSONRPCMessage): Promise<void> {
      if ('method' in message && message.method === 'tools/call' && ++tries === 1) return this.send(message)
      return super.send(message)
    }
  }
  const [near, far] = Memory1.createLinkedPair()
  Object.setPrototypeOf(near, Unauthorized.prototype)
  // Before it answers, it asks the user.
  const question = { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } } as const
  let asked: Request | undefined
  await serveByHand(far, (message) => {
    if (isRequest(message)) {
      asked = message
      void far.send({ jsonrpc: '2.0', id: 'q', method: 'elicitation/create', params: question })
    } else if (asked !== undefined) void far.send({ jsonrpc: '2.0', id: asked.id, result: { content: [] } })
  })
  const heard: unknown[] = []
  near.onmessage = (message) => void heard.push(message)
  const client = auditMcpClient(new Client1(INFO, { capabilities: { elicitation: {} } }), audit)
  client.setRequestHandler(ElicitRequestSchema, async () => ({ action: 'accept' }))
  const done = await agent.during(async () => {
    await client.connect(near)
    await client.callTool(WEATHER)
  })
  assert.equal(done.error, undefined)
  assert.equal(tries, 2)
  const records = await done.recorded()
  assert.deepEqual(briefly(records), ONCE)
  // Asked within the one call that is open.
  assert.equal(records.find(({ action }) => action === 'approval_requested')?.details?.tool, 'get_weather')
  assert.ok(near instanceof Unauthorized)
  assert.equal(heard.length, 3)
})

test('a server in a process of its own, with the protocol of 2026', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(import.meta.dirname, 'mcp-server-child.ts')],
  })
  const client = auditMcpClient(new Client2(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } }), audit)
  const done = await agent.during(async () => {
    await client.connect(transport)
    const { content } = await client.callTool(WEATHER)
    await client.close()
    return content
  })
  assert.deepEqual(done.result, [{ type: 'text', text: 'get_weather' }])
  assert.deepEqual(briefly(await done.recorded()), ONCE)
})
