// Serving: ledgers opened, credentials looked at, and listening (spec/sign-in.md §3).

import { type Place, placeAt } from '../embedded/place.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { AppParts } from './app-parts.ts'
import { createFirstKey } from './first-key.ts'
import { type ListenAt, type Listening, listen } from './listen.ts'
import { openLedgers, type ServeOptions } from './open-ledgers.ts'
import { closeServed, type Served } from './served.ts'

export interface Serve extends Omit<ServeOptions, 'onFault'>, Pick<AppParts, 'readyMillis' | 'tls' | 'log'> {
  /** Home folders, or where else ledgers are. */
  readonly places: readonly (string | Place)[]
  readonly at: ListenAt
  /** Bytes of a body, packed and unpacked; 64 MiB where left out. */
  readonly bodyLimit?: number
  /** Requests of one credential in a minute; 600,000 where left out. */
  readonly requestsPerMinute?: number
}

const BODY_LIMIT = 64 * 2 ** 20
const REQUESTS_PER_MINUTE = 600_000

/** A key of an admin, for a ledger that nobody else can sign in to. */
export interface FirstKeyOf {
  readonly ledger: string
  readonly key: string
}

export interface Serving {
  readonly listening: Listening
  readonly ledgers: readonly string[]
  readonly firstKeys: readonly FirstKeyOf[]
}

/**
 * Opens the ledgers and answers for them.
 * @throws LedgerError `invalid-query` where nobody can sign in and others could reach it; as openLedgers and listen do
 */
export async function serve({
  places,
  at,
  bodyLimit = BODY_LIMIT,
  requestsPerMinute = REQUESTS_PER_MINUTE,
  readyMillis,
  tls,
  log,
  ...options
}: Serve): Promise<Serving> {
  const opened = await openLedgers(places.map(placeAt), {
    ...options,
    onFault: ({ code }) => log(JSON.stringify({ level: 'warn', msg: 'telemetry waits on', code })),
  })
  try {
    const { ledgers, firstKeys } = withFirstKeys(opened)
    if (firstKeys.length > 0 && !isLoopback(at.host)) throw nobodyKnown(firstKeys, at)
    for (const { name, watch } of ledgers.values()) await startWatch(name, watch, log)
    const { clock } = options
    const further = {
      ...(tls && { tls }),
      ...(clock && { clock }),
      ...(readyMillis !== undefined && { readyMillis }),
    }
    const state = { draining: false }
    const listening = await listen({ ledgers, bodyLimit, requestsPerMinute, log, state, ...further }, at)
    return { listening, ledgers: [...ledgers.keys()], firstKeys }
  } catch (error) {
    await Promise.all([...opened.values()].map(closeServed))
    throw error
  }
}

// A bug of ours that ends it ends no server: operators hear of it, and of every verification that does not come.
async function startWatch(ledger: string, watch: Served['watch'], log: Serve['log']): Promise<void> {
  await watch?.start()
  watch?.ended().catch((error: unknown) => {
    const type = error instanceof Error ? error.name : typeof error
    log(JSON.stringify({ level: 'error', msg: 'verifications ended by a bug of ours', ledger, type }))
  })
}

interface WithFirstKeys {
  readonly ledgers: ReadonlyMap<string, Served>
  readonly firstKeys: readonly FirstKeyOf[]
}

function withFirstKeys(opened: ReadonlyMap<string, Served>): WithFirstKeys {
  const firstKeys: FirstKeyOf[] = []
  const ledgers = new Map<string, Served>()
  for (const [name, served] of opened) {
    if (served.signIn.hasCredentials()) {
      ledgers.set(name, served)
      continue
    }
    const { key, signIn } = createFirstKey(served.ledger.origin, served.place.home, served.signIn)
    firstKeys.push({ ledger: name, key })
    ledgers.set(name, { ...served, signIn })
  }
  return { ledgers, firstKeys }
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1)$/.test(host)
}

function nobodyKnown(firstKeys: readonly FirstKeyOf[], { host }: ListenAt): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `nobody can sign in to ${firstKeys.map(({ ledger }) => ledger).join(', ')}, and others can reach ${host}`,
    cure: 'make a key first (affidavit keys create --ledger PLACE --role admin), or listen on 127.0.0.1',
    path: '--listen',
  })
}
