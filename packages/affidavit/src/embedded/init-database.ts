// Making a ledger in a database (spec/postgres.md §5). Its home is in place before its first record is written: what a crash
// leaves is a ledger that opening finishes, or one without a record, which stands in nobody's way.

import { isDeepStrictEqual } from 'node:util'

import { LedgerError } from '../errors/ledger-error.ts'
import { createFileKeys } from '../keys/file.ts'
import type { LedgerStore } from '../ledger/store.ts'
import { holdingName } from '../stores/postgres/hold-name.ts'
import { openPool } from '../stores/postgres/pool.ts'
import type { LedgerUrl } from '../stores/postgres/url.ts'
import { keysFolder } from './folder.ts'
import { buildHome, refuseOccupied } from './home.ts'
import { openFolderKeyring } from './keyring.ts'
import { newIncarnation } from './origin.ts'
import type { Place } from './place.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'
import { type Made, start } from './start.ts'
import { storeOf } from './store.ts'

/** A place whose NAME is settled. */
interface NewPlace extends Place {
  readonly database: LedgerUrl & { readonly ledger: string }
}

/** @throws LedgerError as initLedger does */
export async function initDatabase(place: NewPlace, settings: Settings): Promise<Made> {
  const { database } = place
  const pool = await openPool(database)
  const store = storeOf(database, pool)
  try {
    return await holdingName(pool, database.ledger, () => begin(place, store, settings))
  } finally {
    await store.close()
  }
}

async function begin(place: NewPlace, store: LedgerStore, settings: Settings): Promise<Made> {
  const { home, database } = place
  await refuseBegun(store, database.ledger)
  const made = await interrupted(home, store, settings)
  if (made !== undefined) return start(place, made)
  refuseOccupied(home)
  const origin = newIncarnation(database.ledger)
  await buildHome(home, settings, async (building) => {
    createFileKeys(keysFolder(building), origin)
    writeSettings(building, settings)
    await (await openFolderKeyring(building, origin, 'create')).close()
    await store.create(origin)
  })
  return start(place, origin)
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
