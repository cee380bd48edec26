// Making a ledger in a database (spec/postgres.md §5). Its home is in place before its keyring begins in a database, and before its
// first record is written: what a crash leaves is a ledger that doing it again finishes, or one without a record, which stands in
// nobody's way.

import { isDeepStrictEqual } from 'node:util'

import { LedgerError } from '../errors/ledger-error.ts'
import { createFileKeys } from '../keys/file.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { holdingName } from '../stores/postgres/hold-name.ts'
import { openPool } from '../stores/postgres/pool.ts'
import { isUrl, type LedgerUrl } from '../stores/postgres/url.ts'
import { keysFolder } from './folder.ts'
import { buildHome, refuseOccupied } from './home.ts'
import { openFolderKeyring } from './keyring.ts'
import { holdingKeyring } from './keyring-database.ts'
import { newIncarnation } from './origin.ts'
import type { Place } from './place.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'
import { type Made, start } from './start.ts'
import { storeOf } from './store.ts'

/** A place whose NAME is settled. */
interface NewPlace extends Place {
  readonly database: LedgerUrl & { readonly ledger: string }
}

/**
 * @param keyring the database that the settings name for it; none where it is in a file
 * @throws LedgerError as initLedger does
 */
export async function initDatabase(place: NewPlace, settings: Settings, keyring: LedgerUrl | undefined): Promise<Made> {
  const { database } = place
  const pool = await openPool(database)
  const store = storeOf(database, pool)
  try {
    return await holdingName(pool, database.ledger, () =>
      holdingKeyring(keyring, database.ledger, async (refuseBegun) => {
        const origin = await build(place, store, settings, refuseBegun)
        if (keyring !== undefined) await (await openFolderKeyring(place.home, origin, 'create')).close()
        return start(place, origin)
      }),
    )
  } finally {
    await store.close()
  }
}

async function build(
  { home, database }: NewPlace,
  store: LedgerStore,
  settings: Settings,
  refuseBegunKeyring: () => Promise<void>,
): Promise<string> {
  await refuseBegun(store, database.ledger)
  const made = await interrupted(home, store, settings)
  if (made !== undefined) return made
  refuseOccupied(home)
  await refuseBegunKeyring()
  const origin = newIncarnation(database.ledger)
  await buildHome(home, settings, async (building) => {
    createFileKeys(keysFolder(building), origin)
    writeSettings(building, settings)
    if (!isUrl(settings.keyring ?? '')) await (await openFolderKeyring(building, origin, 'create')).close()
    await store.create(origin)
  })
  return origin
}

async function refuseBegun(store: LedgerStore, name: string): Promise<void> {
  for (const origin of await store.ledgers()) {
    if ((await store.head(origin)) === undefined) continue
    throw new LedgerError('ledger-exists', {
      problem: `the database has a ledger ${name} already, which is ${origin}; nothing was changed`,
      cure: 'open it with its home, --keys DIR; or choose another name',
    })
  }
}

// The same was begun before, and its first record never written: its home is whole, and this finishes it.
async function interrupted(home: string, store: LedgerStore, settings: Settings): Promise<string | undefined> {
  if (!isDeepStrictEqual(readSettings(home), settings)) return undefined
  return (await store.ledgers()).at(-1)
}
