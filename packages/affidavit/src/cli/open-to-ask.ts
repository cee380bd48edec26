// Reading a ledger wherever it is, in somebody's name: each answer is on record before it is given.

import type { RemoteReading } from '../client/reading.ts'
import type { Reading } from '../ledger/reading.ts'
import { questionsOf } from '../query/questions.ts'
import { openOnServer, readerOn } from './on-server/open.ts'
import { openToRead } from './open-records.ts'
import { type LedgerOptions, placeIn, type ReaderOptions, readerOf } from './options.ts'
import type { Surroundings } from './surroundings.ts'

/** What a ledger here and one on a server both answer. */
export interface Asking extends AsyncDisposable {
  readonly reading: RemoteReading
  /** What only a ledger here answers. */
  readonly here?: Reading
  size(): Promise<number>
}

/** @throws LedgerError as openToRead and openOnServer do */
export async function openToAsk(options: LedgerOptions & ReaderOptions, env: Surroundings['env']): Promise<Asking> {
  const remote = await openOnServer(options, env)
  if (remote !== undefined) {
    const reading = remote.as(readerOn(remote, options, env))
    return { reading, size: sizeOf(remote), [Symbol.asyncDispose]: () => remote.close() }
  }
  const ledger = await openToRead(placeIn(options))
  const here = ledger.as(readerOf(options, env))
  const reading = { ...here, ...questionsOf(here) }
  return { reading, here, size: sizeOf(ledger), [Symbol.asyncDispose]: () => ledger.close() }
}

function sizeOf(ledger: { health(): Promise<{ readonly size: number }> }): () => Promise<number> {
  return async () => (await ledger.health()).size
}
