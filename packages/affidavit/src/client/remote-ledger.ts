// The interface of a ledger, over HTTP (spec/client.md).

import type { Draft } from '../formats/fields.ts'
import { appendMany } from '../ledger/append-many.ts'
import type { Appended, Ledger } from '../ledger/ledger.ts'
import { ledgerClosed } from '../ledger/own-records.ts'
import type { Reader } from '../ledger/reader.ts'
import type { Backoff } from './backoff.ts'
import { checkpointsOf, tileOf } from './evidence.ts'
import type { Exchange } from './exchange.ts'
import { askHealth } from './health.ts'
import type { History, Seen } from './history.ts'
import { type HoldParts, holdToItsWord } from './hold-to-its-word.ts'
import { createRemoteReading, type RemoteReading, type RemoteWork } from './reading.ts'
import { sendLines } from './send-lines.ts'
import { createSending, type SendingParts } from './sending.ts'
import type { ServedLedger } from './served-ledger.ts'
import { createWriting, type WritingParts } from './writing.ts'

/** What a ledger on a server does as an embedded one does. */
export type RemoteLedger = Pick<
  Ledger,
  | 'origin'
  | 'append'
  | 'appendMany'
  | 'publish'
  | 'checkpoints'
  | 'tile'
  | 'verifierKey'
  | 'isRecorded'
  | 'spoolable'
  | 'spooling'
  | 'deriveId'
  | 'versionInForce'
  | 'registry'
  | 'digest'
  | 'health'
  | 'close'
> &
  AsyncDisposable & {
    /** Whom the token stands for. */
    readonly signedIn: Pick<ServedLedger, 'actor_id' | 'actor_type'>
    /**
     * Reads in the name that the token stands for: every read is on record before it is answered.
     * @throws LedgerError `not-allowed` for anybody else
     */
    as(reader: Reader): RemoteReading & RemoteWork
  }

export interface RemoteLedgerParts
  extends Omit<WritingParts, 'origin'>,
    Pick<SendingParts, 'alarm' | 'queueCapacity' | 'patienceMillis'>,
    Pick<HoldParts, 'background'> {
  readonly exchange: Exchange
  readonly served: ServedLedger
  readonly history: History
  readonly backoff: Backoff
}

export function createRemoteLedger(parts: RemoteLedgerParts): RemoteLedger {
  const { exchange, history, served, path, patienceMillis, ask } = parts
  const { origin } = served
  const evidence = { ask, path, origin }
  const writing = createWriting({ ...parts, origin })
  const sending = createSending({
    ...parts,
    sendLines: (lines, settle, signal) =>
      sendLines({ exchange, path: `${path}/records`, origin, patienceMillis }, lines, settle, signal),
    acknowledged: (appended) => held.acknowledged(appended),
  })
  const held = holdToItsWord({ history, background: parts.background, refuse: sending.refuse })
  let closing: Promise<void> | undefined

  async function append(draft: Draft): Promise<Appended> {
    if (closing !== undefined) throw ledgerClosed()
    return sending.send(writing.line(draft))
  }

  async function shutDown(): Promise<void> {
    await sending.settled()
    try {
      await held.stop()
    } finally {
      exchange.close()
    }
  }

  const opened: RemoteLedger = {
    origin,
    signedIn: { actor_id: served.actor_id, actor_type: served.actor_type },
    append,
    appendMany: (drafts) => appendMany(drafts, { append, placing: sending }),
    publish: async () => storedOf(await held.look('publish')),
    checkpoints: (after = -1) => checkpointsOf(evidence, after),
    tile: (tile) => tileOf(evidence, tile),
    as: (reader) => createRemoteReading({ ...evidence, exchange, alarm: parts.alarm, patienceMillis }, served, reader),
    verifierKey: async () => history.verifierKey(),
    isRecorded: writing.isRecorded,
    spoolable: writing.spoolable,
    spooling: writing.spooling,
    deriveId: writing.deriveId,
    versionInForce: writing.versionInForce,
    registry: writing.registry,
    digest: writing.digest,
    health: async () => ({ ...(await askHealth(evidence)), room: sending.room() }),
    close() {
      closing ??= shutDown()
      return closing
    },
    [Symbol.asyncDispose]: () => opened.close(),
  }
  return opened
}

function storedOf({ checkpoint: { size }, note }: Seen): {
  size: number
  note: string
  cosignatures: readonly string[]
} {
  return { size, note, cosignatures: [] }
}
