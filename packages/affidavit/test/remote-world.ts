// A ledger on a server, behind a proxy that can fail, and clients of it whose time goes by faster.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { ApiRole } from '../src/access/api-roles.ts'
import { openRemote, type RemoteOptions, type RemoteParts } from '../src/client/open.ts'
import type { RemoteLedger } from '../src/client/remote-ledger.ts'
import type { Alarm } from '../src/clock/alarm.ts'
import type { Clock } from '../src/clock/clock.ts'
import { createApiKey } from '../src/embedded/change-api-keys.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolder } from '../src/embedded/open.ts'
import { placeOf } from '../src/embedded/place.ts'
import { type AuditRecord, type Draft, RESERVED_ACTIONS } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { ServeOptions } from '../src/server/open-ledgers.ts'
import { type Serve, serve } from '../src/server/serve.ts'
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts'

export interface RemoteWorld {
  readonly folder: string
  readonly home: string
  readonly proxy: FaultyProxy
  /** Where the server listens. */
  readonly port: number
  /** The same ledger, opened beside the server. */
  readonly embedded: Ledger
  /** Through the proxy. */
  readonly url: string
  token(role: ApiRole): Promise<string>
  /** In the name of a writer, where nothing else is said. */
  open(options?: Partial<RemoteOptions & RemoteParts>): Promise<RemoteLedger>
  /** What is on record from a seq on, but for what the ledger tells of itself. */
  records(from_seq?: number): Promise<readonly AuditRecord[]>
  close(): Promise<void>
}

/** How much faster time goes by. */
const HASTE = 200
/** So much that a machine which does much else is in time, too. */
const PATIENT = 2_000_000

export const hasty: { readonly clock: Clock; readonly alarm: Alarm } = {
  clock: { now: () => Date.now(), elapsed: () => performance.now() * HASTE },
  alarm(millis, ring) {
    const timer = setTimeout(ring, millis / HASTE)
    return { stop: () => clearTimeout(timer) }
  },
}

export async function startRemoteWorld(options: Omit<ServeOptions, 'onFault'> = {}): Promise<RemoteWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-remote-'))
  const home = join(folder, 'ledger')
  await initLedger(home, { origin: 'clinic.example/agents' })
  const embedded = await openFolder(home, options)
  const tokens = new Map<ApiRole, string>()

  async function token(role: ApiRole): Promise<string> {
    const by = { actor_id: 'operator-1', actor_type: 'admin' } as const
    const known =
      tokens.get(role) ?? (await createApiKey({ ledger: embedded, home, by }, { role, actor: `${role}-1` })).key
    tokens.set(role, known)
    return known
  }

  const writer = await token('writer')
  const server = await serveHome(home, options)
  const proxy = await startFaultyProxy(server.port)
  const url = `http://127.0.0.1:${proxy.port}/v1/ledgers/clinic.example%2Fagents`
  return {
    ...{ folder, home, proxy, port: server.port, embedded, url, token },
    open: (more) => openRemote(url, { token: writer, ...hasty, patienceMillis: PATIENT, ...more }),
    async records(from_seq = 0) {
      const found: AuditRecord[] = []
      for await (const record of embedded.search({ from_seq }))
        if (!RESERVED_ACTIONS.has(record.action)) found.push(record)
      return found
    },
    async close() {
      await proxy.close()
      await server.stop()
      await embedded.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export async function serveHome(
  home: string,
  options: Omit<ServeOptions, 'onFault'> & Pick<Serve, 'readyMillis'> = {},
): Promise<{ readonly port: number; stop(): Promise<unknown> }> {
  const { listening } = await serve({
    places: [placeOf(home)],
    at: { host: '127.0.0.1', port: 0 },
    bodyLimit: 67_108_864,
    requestsPerMinute: 10_000_000,
    log: () => undefined,
    ...options,
  })
  return { port: Number(new URL(listening.url).port), stop: () => listening.drain(0) }
}

export function stepOf(conversation_id: string, n: number): Draft {
  return { action: 'tool_invoked', actor_id: 'triage', actor_type: 'agent', conversation_id, details: { n } }
}
