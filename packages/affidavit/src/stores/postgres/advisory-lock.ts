// Locks by a name, for what has no row of its own yet to lock. Whoever may connect may hold one: so the wait has an end.

import { type PgClient, run, sqlState } from './database.ts'
import { heldByOthers, holdersOfName } from './lock-holders.ts'

export interface AdvisoryLock {
  readonly name: string
  /** Until the transaction ends that is under way, or the session. */
  readonly until: 'transaction' | 'session'
  readonly patienceMillis: number
  /** What waits for it, as messages say it: `migrate`. */
  readonly doing: string
}

const TAKE = {
  transaction: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))',
  session: 'SELECT pg_advisory_lock(hashtextextended($1, 0))',
} as const

/** @throws LedgerError `store-unavailable` where others hold it for too long, naming them; and what the driver throws */
export async function takeLock(client: PgClient, lock: AdvisoryLock): Promise<void> {
  const { name, until, patienceMillis, doing } = lock
  const values = [String(Math.ceil(patienceMillis)), until === 'transaction']
  await run(client, { text: "SELECT set_config('lock_timeout', $1, $2)", values })
  try {
    await run(client, { text: TAKE[until], values: [name] })
  } catch (error) {
    if (sqlState(error) !== '55P03') throw error
    if (until === 'transaction') await run(client, { text: 'ROLLBACK' })
    throw heldByOthers(doing, patienceMillis, await holdersOfName(client, name), error)
  }
}
