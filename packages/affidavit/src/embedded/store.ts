// The store of a place: a file in its home, or the part of a database that belongs to its NAME (spec/postgres.md §5).

import { existsSync } from 'node:fs'

import { LedgerError } from '../errors/ledger-error.ts'
import type { LedgerStore } from '../ledger/store.ts'
import type { PgPool } from '../stores/postgres/database.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { postgresStore } from '../stores/postgres/store.ts'
import { formatLedgerUrl, type LedgerUrl } from '../stores/postgres/url.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { databaseFile, noLedger } from './folder.ts'
import { nameOf } from './origin.ts'
import type { Place } from './place.ts'

/**
 * Opens the store of a ledger that was made. It shows the ledgers of its NAME, and no other.
 * @throws LedgerError `not-a-ledger` where there is none; by its methods also `invalid-query` where a NAME must be chosen
 */
export async function openStore({ home, database }: Place): Promise<LedgerStore> {
  if (database !== undefined) return storeOf(database, await openPool(database))
  if (!existsSync(databaseFile(home))) throw noLedger(home)
  return sqliteStore(databaseFile(home), 'open')
}

/** The store of a NAME in a database; closing it ends the pool. */
export function storeOf(url: LedgerUrl, pool: PgPool): LedgerStore {
  const store = postgresStore({ pool, closes: 'pool' })
  return { ...store, ledgers: async () => ofName(await store.ledgers(), url) }
}

/** That a store opened, and holds no ledger of its place. */
export function noLedgerAt({ home, database }: Place): LedgerError {
  if (database === undefined) return noLedger(home)
  const which = database.ledger === undefined ? 'no ledger' : `no ledger ${database.ledger}`
  return new LedgerError('not-a-ledger', {
    problem: `${formatLedgerUrl(database)}: the database has ${which} that this role may use`,
    cure: 'check database, NAME and role: a ledger belongs to the role that made it, and is there for its members (GRANT THAT_ROLE TO THIS_ROLE); affidavit init --ledger URL --keys DIR makes one',
  })
}

/** Names that a message lists. */
const LISTED = 20

function ofName(origins: readonly string[], { ledger }: LedgerUrl): string[] {
  if (ledger !== undefined) return origins.filter((origin) => nameOf(origin) === ledger)
  const names = [...new Set(origins.map(nameOf))]
  if (names.length <= 1) return [...origins]
  const more = names.length > LISTED ? `, and ${names.length - LISTED} more` : ''
  throw new LedgerError('invalid-query', {
    problem: `the database holds several ledgers: ${names.slice(0, LISTED).join(', ')}${more}`,
    cure: 'name one: ?ledger=NAME',
    path: '--ledger',
  })
}
