// A ledger on a server, where --ledger is its URL (spec/client.md): the token comes from the environment, and says who asks.

import { isServerUrl } from '../../client/address.ts'
import { openRemote } from '../../client/open.ts'
import type { RemoteLedger } from '../../client/remote-ledger.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import type { Reader } from '../../ledger/reader.ts'
import type { ReaderOptions } from '../options.ts'
import type { Surroundings } from '../surroundings.ts'

interface On {
  readonly ledger: string
  readonly keys?: string
}

/**
 * The ledger on a server; `undefined` where --ledger is a place of this machine or a database.
 * @throws LedgerError `invalid-query` (no token), and as openRemote does
 */
export async function openOnServer({ ledger, keys }: On, env: Surroundings['env']): Promise<RemoteLedger | undefined> {
  if (!isServerUrl(ledger)) return undefined
  if (keys !== undefined) {
    throw new LedgerError('invalid-query', {
      problem: '--keys says nothing of a ledger on a server: its keys are there',
      cure: 'leave --keys and AFFIDAVIT_KEYS out',
      path: '--keys',
    })
  }
  const token = tokenIn(env)
  const stateFolder = env.AFFIDAVIT_STATE || undefined
  return openRemote(ledger, { token, ...(stateFolder === undefined ? {} : { stateFolder }) })
}

export function tokenIn({ AFFIDAVIT_TOKEN: token }: Surroundings['env']): string {
  if (token !== undefined && token !== '') return token
  throw new LedgerError('invalid-query', {
    problem: 'a ledger on a server is opened with a token, and AFFIDAVIT_TOKEN is not set',
    cure: 'set it to an API key: affidavit keys create --ledger PLACE --role ROLE, where the ledger is, makes one',
    path: 'AFFIDAVIT_TOKEN',
  })
}

/** Whoever the token is for; somebody else is refused by the ledger. */
export function readerOn({ signedIn }: RemoteLedger, { as, purpose }: ReaderOptions, env: Surroundings['env']): Reader {
  const named = as ?? (env.AFFIDAVIT_ACTOR || undefined)
  return {
    actor_id: named ?? signedIn.actor_id,
    actor_type: signedIn.actor_type,
    ...(purpose === undefined ? {} : { purpose }),
  }
}
