// Tools and resources of the Model Context Protocol, on record before they happen, at either end of a connection (spec/adapters-mcp.md).
// Types are structural: this file needs no version of the SDK, and imports none.

import type { Capture, ToolCall } from '../capture/steps.ts'
import { createExchange } from './mcp/exchange.ts'
import { readStep } from './mcp/steps.ts'
import { type McpTransport, tapTransport } from './mcp/transport.ts'
import { membersOf } from './wire/shape.ts'

/** A `Client`, a `Server`, or an `McpServer`, which has one. */
interface Peer {
  connect(transport: never, ...more: never[]): Promise<void>
  readonly server?: Peer
}

const AUDITED = Symbol.for('affidavit.mcp')

/** Records every tool that is called through this client, and every resource that is read. Call it before `connect`. */
export function auditMcpClient<C extends Peer>(client: C, audit: Capture): C {
  if (isAudited(client)) return client
  tapConnections(client, audit, 'client')
  const { readResource } = membersOf(client)
  // A client of version 2 answers from its cache, and then nothing is sent.
  if (typeof readResource === 'function') {
    const read = async (params: unknown, ...more: unknown[]): Promise<unknown> => {
      const call = await audit.beginToolCall(readStep(params, 'client'))
      return carryOut(call, () => Reflect.apply(readResource, client, [params, ...more]))
    }
    Object.assign(client, { readResource: read })
  }
  return client
}

/** Records every tool that this server runs, and every resource that it gives. Call it before `connect`, with a `Server` or an `McpServer`. */
export function auditMcpServer<S extends Peer>(server: S, audit: Capture): S {
  const peer = server.server ?? server
  if (!isAudited(peer)) tapConnections(peer, audit, 'transport')
  return server
}

function isAudited(peer: Peer): boolean {
  return Object.hasOwn(peer, AUDITED)
}

function tapConnections(peer: Peer, audit: Capture, layer: 'client' | 'transport'): void {
  const { connect } = peer
  const tapped = (transport: McpTransport, ...more: unknown[]): Promise<void> => {
    tapTransport(transport, createExchange(audit, layer))
    return Reflect.apply(connect, peer, [transport, ...more])
  }
  Object.defineProperty(peer, AUDITED, { value: true })
  Object.assign(peer, { connect: tapped })
}

async function carryOut(call: ToolCall, read: () => Promise<unknown>): Promise<unknown> {
  let result: unknown
  try {
    result = await call.enter(read)
  } catch (error) {
    await call.end({ ended: 'failed', error })
    throw error
  }
  await call.end({ ended: 'complete', result })
  return result
}
