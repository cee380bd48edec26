// Making a ledger in a folder. With its keyring in a database, the folder is in place before that begins (spec/vault.md §9): what
// a crash leaves is finished by doing it again.

import { existsSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'

import { createFileKeys } from '../keys/file.ts'
import type { LedgerUrl } from '../stores/postgres/url.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { databaseFile, keysFolder } from './folder.ts'
import { buildHome, refuseOccupied } from './home.ts'
import { openFolderKeyring } from './keyring.ts'
import { holdingKeyring } from './keyring-database.ts'
import { nameOf, newIncarnation } from './origin.ts'
import { readSettings, type Settings, writeSettings } from './settings.ts'
import { type Made, start } from './start.ts'

/** @throws LedgerError as initLedger does */
export async function initFolder(folder: string, name: string, settings: Settings): Promise<Made> {
  refuseOccupied(folder)
  return buildHome(folder, settings, (building) => buildWhole(building, newIncarnation(name), settings))
}

async function buildWhole(folder: string, origin: string, settings: Settings): Promise<Made> {
  createFileKeys(keysFolder(folder), origin)
  writeSettings(folder, settings)
  const keyring = await openFolderKeyring(folder, origin, 'create')
  const store = sqliteStore(databaseFile(folder), 'create')
  try {
    await store.create(origin)
  } catch (error) {
    await Promise.all([store.close(), keyring.close()])
    throw error
  }
  return start({ home: folder }, origin, { store, keyring })
}

/** The same, with its keyring in `keyring`, which the settings name. @throws LedgerError as initLedger does */
export function initFolderAndKeyring(
  folder: string,
  name: string,
  settings: Settings,
  keyring: LedgerUrl,
): Promise<Made> {
  return holdingKeyring(keyring, name, async (refuseBegun) => {
    const origin = (await interrupted(folder, name, settings)) ?? (await build(refuseBegun))
    await (await openFolderKeyring(folder, origin, 'create')).close()
    return start({ home: folder }, origin)
  })

  async function build(refuseBegun: () => Promise<void>): Promise<string> {
    refuseOccupied(folder)
    await refuseBegun()
    const origin = newIncarnation(name)
    await buildHome(folder, settings, async (building) => {
      createFileKeys(keysFolder(building), origin)
      writeSettings(building, settings)
      await createStore(databaseFile(building), origin)
    })
    return origin
  }
}

async function createStore(file: string, origin: string): Promise<void> {
  const store = sqliteStore(file, 'create')
  try {
    await store.create(origin)
  } finally {
    await store.close()
  }
}

// The same was begun before, and its first record never written.
async function interrupted(folder: string, name: string, settings: Settings): Promise<string | undefined> {
  if (!existsSync(databaseFile(folder)) || !isDeepStrictEqual(readSettings(folder), settings)) return undefined
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    const origin = (await store.ledgers()).at(-1)
    if (origin === undefined || nameOf(origin) !== name) return undefined
    return (await store.head(origin)) === undefined ? origin : undefined
  } finally {
    await store.close()
  }
}
