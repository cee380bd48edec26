// A server that answers: it listens, and at the end commits what it took (spec/http.md §8).

import type { Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { LedgerError } from '../errors/ledger-error.ts'
import { createApp } from './app.ts'
import type { AppParts } from './app-parts.ts'
import { closeServed } from './served.ts'

export interface Listening {
  /** Where it answers: `http://127.0.0.1:8645`. */
  readonly url: string
  /**
   * Is not ready any more, takes no new connection, answers what it has taken, and closes its ledgers, which publish.
   * @returns how many connections were cut off, because they still talked when `patienceMillis` were over
   */
  drain(patienceMillis: number): Promise<number>
}

export interface ListenAt {
  readonly host: string
  /** 0: one that is free. */
  readonly port: number
}

const IDLE_LOOK_MILLIS = 50

/** @throws LedgerError `store-unavailable` where nobody can listen there */
export async function listen(parts: AppParts, { host, port }: ListenAt): Promise<Listening> {
  const app = await createApp(parts)
  try {
    const answering: Promise<string> = app.listen({ host, port })
    await answering
  } catch (cause) {
    await app.close()
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new LedgerError('store-unavailable', {
      problem: `cannot listen on ${host}:${port}: ${said}`,
      cure: 'name another --listen HOST:PORT; port 0 is one that is free',
      path: '--listen',
      cause,
    })
  }
  const { server } = app
  const silent = silentOn(server, parts.tls === undefined ? 'connection' : 'secureConnection')
  let draining: Promise<number> | undefined

  async function end(patienceMillis: number): Promise<number> {
    parts.state.draining = true
    let cut = 0
    const late = setTimeout(() => {
      server.getConnections((_, open) => {
        cut = open
        server.closeAllConnections()
      })
    }, patienceMillis)
    // A connection that is kept open for a next request has none to wait for.
    const idle = setInterval(() => {
      server.closeIdleConnections()
      for (const socket of silent) socket.destroy()
    }, IDLE_LOOK_MILLIS)
    try {
      await app.close()
    } finally {
      clearTimeout(late)
      clearInterval(idle)
    }
    await Promise.all([...parts.ledgers.values()].map(closeServed))
    return cut
  }

  return {
    url: urlOf(parts, server.address() as AddressInfo),
    drain(patienceMillis) {
      draining ??= end(patienceMillis)
      return draining
    },
  }
}

function urlOf({ tls }: AppParts, { address, family, port }: AddressInfo): string {
  const host = family === 'IPv6' ? `[${address}]` : address
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`
}

// Clients open connections before they need them: one that never asked anything waits for no answer, and Node does not count it as idle.
function silentOn(server: Server, opened: 'connection' | 'secureConnection'): ReadonlySet<Socket> {
  const silent = new Set<Socket>()
  server.on(opened, (socket: Socket) => {
    silent.add(socket)
    socket.once('close', () => silent.delete(socket))
  })
  server.on('request', ({ socket }) => void silent.delete(socket))
  return silent
}
