// A ledger on a server (spec/client.md): the parts of it, wired together.

import { type Alarm, backgroundAlarm, systemAlarm } from '../clock/alarm.ts'
import { type Clock, systemClock } from '../clock/clock.ts'
import { createRandomSource, type RandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseVerifierKey, sameVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import { type Acknowledged, createAcknowledged } from './acknowledged.ts'
import { type Address, parseAddress } from './address.ts'
import { type Ask, createAsk } from './ask.ts'
import { createBackoff } from './backoff.ts'
import { checkpointsOf, tileOf } from './evidence.ts'
import { createExchange, type Exchange } from './exchange.ts'
import { createHistory, type History, seenBefore } from './history.ts'
import { createMemory, type Memory, type Remembered } from './remembered.ts'
import { createRemoteLedger, type RemoteLedger } from './remote-ledger.ts'
import { findServedLedger, type ServedLedger } from './served-ledger.ts'
import { successorAmong } from './successor.ts'
import { askWriter } from './writer.ts'

export interface RemoteOptions {
  /** An API key, or a token of the identity provider (spec/sign-in.md). */
  readonly token: string
  /** The verifier key that signs checkpoints; that of the first time where left out. */
  readonly vkey?: string
  /** Where the newest checkpoint that was seen is kept, made where it is missing; left out, it is known to this process alone. */
  readonly stateFolder?: string
  /** Drafts that may wait for their outcome; beyond, `queue-full`. */
  readonly queueCapacity?: number
  /** How long is tried before `not-committed`, `outcome-unknown` or `server-unavailable`. */
  readonly patienceMillis?: number
  readonly clock?: Clock
}

/** What stands in for a part of it. */
export interface RemoteParts {
  readonly alarm?: Alarm
  /** Rings when the server is to be held to its word. */
  readonly background?: Alarm
  readonly random?: RandomSource
}

const QUEUE_CAPACITY = 10_000
const PATIENCE_MILLIS = 30_000

/**
 * Opens the ledger that a URL names on a server, and holds it to the history that was seen before.
 * @throws LedgerError `invalid-query`, `not-signed-in`, `not-found`, `server-unavailable`, `rolled-back`, `forked`, `wrong-key`
 */
export async function openRemote(url: string, given: RemoteOptions & RemoteParts): Promise<RemoteLedger> {
  const address = parseAddress(url)
  const options = { queueCapacity: QUEUE_CAPACITY, patienceMillis: PATIENCE_MILLIS, clock: systemClock, ...given }
  checkOptions(options)
  const pinned = options.vkey === undefined ? undefined : keyOf(options.vkey)
  const { alarm = systemAlarm, random = createRandomSource(), clock, patienceMillis } = options
  const exchange = createExchange({ base: address.base, token: options.token, random })
  const ask = createAsk({ exchange, clock, alarm, random, patienceMillis })
  const parts = { ...options, alarm, random, exchange, ask, background: options.background ?? backgroundAlarm }
  try {
    return await open(address, pinned, parts)
  } catch (error) {
    exchange.close()
    throw error
  }
}

interface Parts extends RemoteOptions {
  readonly exchange: Exchange
  readonly ask: Ask
  readonly alarm: Alarm
  readonly background: Alarm
  readonly random: RandomSource
  readonly clock: Clock
  readonly queueCapacity: number
  readonly patienceMillis: number
}

async function open(address: Address, pinned: VerifierKey | undefined, parts: Parts): Promise<RemoteLedger> {
  const { ask, random, clock } = parts
  const served = await findServedLedger(ask, address)
  const { origin } = served
  const path = `/v1/ledgers/${encodeURIComponent(origin)}`
  const memory = createMemory(parts.stateFolder, served.name)
  const acknowledged = createAcknowledged()
  const history = await recall({ ask, path, served, memory, acknowledged, pinned })
  await history.look()
  const writer = served.acts.has('append') ? await askWriter(ask, path, origin) : undefined
  const backoff = createBackoff(random)
  return createRemoteLedger({ ...parts, path, served, history, writer, backoff, clock })
}

interface Known {
  readonly ask: Ask
  readonly path: string
  readonly served: ServedLedger
  readonly memory: Memory
  readonly acknowledged: Acknowledged
  readonly pinned: VerifierKey | undefined
}

async function recall({ ask, path, served, memory, acknowledged, pinned }: Known): Promise<History> {
  const { origin, verifier_key } = served
  const remembered = await memory.recall()
  if (remembered !== undefined && remembered.origin !== origin) throw otherIncarnation(origin, remembered)
  const known = remembered && keyOf(remembered.verifier_key)
  const key = pinned ?? known ?? verifier_key
  const evidence = { ask, path, origin }
  return createHistory({
    ...{ ask, path, origin, key, memory, acknowledged },
    last: remembered && seenBefore(remembered),
    readTile: (tile) => tileOf(evidence, tile),
    successor: async (from, seen) => {
      const { verifier_key: next } = await findServedLedger(ask, { base: '', ledger: origin })
      // A pinned key may have been followed long before what was seen last.
      const after = known !== undefined && sameVerifierKey(from, known) ? seen - 1 : -1
      return successorAmong(checkpointsOf(evidence, after), from, next)
    },
  })
}

function otherIncarnation(origin: string, { origin: before }: Remembered): LedgerError {
  return new LedgerError('rolled-back', {
    problem: `the server shows ${origin}; ${before} was seen before`,
    cure: 'a ledger that was restored from a backup goes on under another name: ask the operator, then remove the file in stateFolder',
  })
}

function keyOf(text: string): VerifierKey {
  const key = parseVerifierKey(text)
  if (!('code' in key)) return key
  throw new LedgerError('invalid-query', {
    problem: `this is no verifier key (${key.code})`,
    cure: 'give it as affidavit doctor prints it: NAME+KEYID+BASE64',
    path: 'vkey',
  })
}

function checkOptions({
  token,
  queueCapacity,
  patienceMillis,
}: Pick<Parts, 'token' | 'queueCapacity' | 'patienceMillis'>): void {
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token))
    throw unfit('token', 'is an API key, or a token of the identity provider')
  if (!(Number.isSafeInteger(queueCapacity) && queueCapacity >= 1))
    throw unfit('queueCapacity', 'is a whole number from 1 on')
  if (!(patienceMillis > 0 && patienceMillis <= MAX_PATIENCE))
    throw unfit('patienceMillis', `is a number up to ${MAX_PATIENCE}`)
}

const MAX_PATIENCE = 3_600_000

function unfit(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${path} ${problem}`,
    cure: 'mend it where openLedger is called',
    path,
  })
}
