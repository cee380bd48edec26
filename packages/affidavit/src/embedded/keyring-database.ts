// A keyring in a database (spec/vault.md §9): its store, and what is said where it cannot be opened or made.

import { LedgerError } from '../errors/ledger-error.ts'
import type { PgPool } from '../stores/postgres/database.ts'
import { holdingName } from '../stores/postgres/hold-name.ts'
import { postgresKeyringStore } from '../stores/postgres/keyring.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { formatLedgerUrl, type LedgerUrl } from '../stores/postgres/url.ts'
import type { KeyringStore } from '../vault/keyring-store.ts'

/**
 * The store of a keyring that is there. Closing it ends its connections.
 * @throws LedgerError `missing-key` where it is not there, and what the store throws, with the place in its words
 */
export async function openKeyringIn(database: LedgerUrl, name: string): Promise<KeyringStore> {
  const store = await newKeyringIn(database, name)
  try {
    if ((await saying(database, () => store.head())) !== undefined) return store
    throw new LedgerError('missing-key', {
      problem: `${formatLedgerUrl(database)} has no keyring of ${name} that this role may use`,
      cure: 'check database and role: a keyring belongs to the role that made it, and to whom migrate --server ROLE --keyring-of NAME gave it. Where init was interrupted, do it again; else bring the keyring back from its own backup',
    })
  } catch (error) {
    await store.close()
    throw error
  }
}

/** The store of a keyring that may still have to begin. Closing it ends its connections. */
export async function newKeyringIn(database: LedgerUrl, name: string): Promise<KeyringStore> {
  return storeOf(await saying(database, () => openPool(database)), name)
}

/**
 * Does `work` while nobody else makes a keyring of that name there. It is given a question that refuses a name whose keyring has begun.
 * @throws LedgerError `ledger-exists` by the question; `store-unavailable`, and what `work` throws
 */
export async function holdingKeyring<T>(
  database: LedgerUrl | undefined,
  name: string,
  work: (refuseBegun: () => Promise<void>) => Promise<T>,
): Promise<T> {
  if (database === undefined) return work(async () => undefined)
  const pool = await saying(database, () => openPool(database))
  const store = storeOf(pool, name)
  const refuseBegun = async (): Promise<void> => {
    if ((await saying(database, () => store.head())) !== undefined) throw begunAlready(database, name)
  }
  try {
    // What is in the way of the database is told before anybody is waited for.
    await saying(database, () => store.head())
    return await holdingName(pool, `keyring ${name}`, () => work(refuseBegun))
  } finally {
    await store.close()
  }
}

function storeOf(pool: PgPool, name: string): KeyringStore {
  return postgresKeyringStore({ pool, name, closes: 'pool' })
}

// Records and keyring may lie on two servers: which of them it is belongs to what is wrong.
async function saying<T>(database: LedgerUrl, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    const { code, problem, cure, path } = cause
    throw new LedgerError(code, {
      problem: `the keyring in ${formatLedgerUrl(database)}: ${problem}`,
      ...(cure === undefined ? {} : { cure }),
      ...(path === undefined ? {} : { path: '--keyring' }),
      cause,
    })
  }
}

function begunAlready(database: LedgerUrl, name: string): LedgerError {
  return new LedgerError('ledger-exists', {
    problem: `${formatLedgerUrl(database)} has a keyring of ${name} already; nothing was changed`,
    cure: 'it opens with the keys of the home that it was made with: open that; or choose another name, or another database',
  })
}
