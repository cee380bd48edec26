// One process at a time begins a ledger of a NAME: whoever comes second sees that it has begun.

import { takeLock } from './advisory-lock.ts'
import type { PgClient, PgPool } from './database.ts'
import { inOurWords } from './errors.ts'

/**
 * Does `work` while no other does any for this NAME. It is let go with its connection, whatever becomes of the process.
 * @throws LedgerError `store-unavailable` (also where somebody holds it for too long), and what `work` throws
 */
export async function holdingName<T>(
  pool: PgPool,
  name: string,
  work: () => Promise<T>,
  patienceMillis: number = PATIENCE_MILLIS,
): Promise<T> {
  const client = await hold(pool, name, patienceMillis)
  try {
    return await work()
  } finally {
    client.release(true)
  }
}

/** Whoever comes second waits for whoever makes a ledger, with its keys, which a key service may take a while for. */
const PATIENCE_MILLIS = 30_000

async function hold(pool: PgPool, name: string, patienceMillis: number): Promise<PgClient> {
  let client: PgClient | undefined
  try {
    client = await pool.connect()
    // An error that nobody listens to would end the process; without its connection, the work is done unheld.
    client.on('error', () => undefined)
    const lock = { name: `affidavit begin ${name}`, until: 'session', patienceMillis, doing: 'init' } as const
    await takeLock(client, lock)
    return client
  } catch (error) {
    client?.release(true)
    throw inOurWords(error, 'begin a ledger')
  }
}
