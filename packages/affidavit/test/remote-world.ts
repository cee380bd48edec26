// A ledger on a server, behind a proxy that can fail, and clients of it whose time goes by faster.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { openRemote, type RemoteOptions, type RemoteParts } from '../src/client/open.ts'
import type { RemoteLedger } from '../src/client/remote-ledger.ts'
import type { Alarm } from '../src/clock/alarm.ts'
import type { Clock } from '../src/clock/clock.ts'
import { initLedger } from '../src/embedded/init.ts'
import type { OpenOptions } from '../src/embedded/open.ts'
import type { AuditRecord, Draft } from '../src/formats/fields.ts'
import { type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts'
import { type SmallServer, startSmallServer, TOKEN } from './small-server.ts'

export interface RemoteWorld {
  readonly folder: string
  readonly proxy: FaultyProxy
  server: SmallServer
  /** Through the proxy. */
  readonly url: string
  open(options?: Partial<RemoteOptions & RemoteParts>): Promise<RemoteLedger>
  /** What is on record but for the ledger's own. */
  records(): Promise<readonly AuditRecord[]>
  close(): Promise<void>
}

/** How much faster time goes by. */
const HASTE = 200

const hasty: { readonly clock: Clock; readonly alarm: Alarm } = {
  clock: { now: () => Date.now(), elapsed: () => performance.now() * HASTE },
  alarm(millis, ring) {
    const timer = setTimeout(ring, millis / HASTE)
    return { stop: () => clearTimeout(timer) }
  },
}

export async function startRemoteWorld(
  options: OpenOptions & { readonly acts?: readonly string[] } = {},
): Promise<RemoteWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-remote-'))
  await initLedger(join(folder, 'ledger'), { origin: 'clinic.example/agents' })
  const server = await startSmallServer(join(folder, 'ledger'), options)
  const proxy = await startFaultyProxy(server.port)
  const world: RemoteWorld = {
    folder,
    proxy,
    server,
    url: `http://127.0.0.1:${proxy.port}/v1/ledgers/clinic.example%2Fagents`,
    open: (more) => openRemote(world.url, { token: TOKEN, ...hasty, ...more }),
    async records() {
      const found: AuditRecord[] = []
      for await (const record of world.server.ledger.search())
        if (record.action !== 'logging_started') found.push(record)
      return found
    },
    async close() {
      await proxy.close()
      await world.server.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return world
}

export function stepOf(conversation_id: string, n: number): Draft {
  return { action: 'tool_invoked', actor_id: 'triage', actor_type: 'agent', conversation_id, details: { n } }
}
