// The records of a ledger wherever it is, of its newest incarnation or of one before.

import { LedgerError } from '../errors/ledger-error.ts'
import { openOnServer, readerOn } from './on-server/open.ts'
import { openRecords, type Records } from './open-records.ts'
import { type LedgerOptions, placeIn, type ReaderOptions, readerOf } from './options.ts'
import type { Surroundings } from './surroundings.ts'

interface Options extends LedgerOptions, ReaderOptions {
  readonly origin?: string
}

/** @throws LedgerError as openRecords and openOnServer do */
export async function openRecordsOf(options: Options, env: Surroundings['env']): Promise<Records> {
  const { origin } = options
  const remote = await openOnServer(options, env)
  if (remote === undefined) return openRecords(placeIn(options), readerOf(options, env), origin)
  if (origin !== undefined && origin !== remote.origin) {
    await remote.close()
    throw new LedgerError('invalid-query', {
      problem: 'a server answers for the newest incarnation of a ledger',
      cure: 'read an earlier one where its database is',
      path: '--origin',
    })
  }
  const { search, show } = remote.as(readerOn(remote, options, env))
  const size = async (): Promise<number> => (await remote.health()).size
  return { size, search, show, [Symbol.asyncDispose]: () => remote.close() }
}
