// The verdict on the ledger with a home, wherever its records lie.

import assert from 'node:assert/strict'

import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { placeOf } from '../src/embedded/place.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { openPool } from '../src/stores/postgres/pool.ts'
import { verifyPostgres, verifyPostgresConversation } from '../src/stores/postgres/verify.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import { verifySqliteConversation } from '../src/stores/sqlite/verify-conversation.ts'
import type { Report } from '../src/verify/report.ts'
import type { ConversationOptions } from '../src/verify/stored/conversation.ts'
import type { LedgerOptions } from '../src/verify/stored/ledger.ts'

export async function verifyHome(home: string, options: LedgerOptions): Promise<Report> {
  const { database } = placeOf(home)
  if (database === undefined) return verifySqlite(databaseFile(home), { ...options, threads: 0 })
  return inPool(database, (pool) => verifyPostgres({ pool, where: home }, options))
}

export async function verifyConversationAt(home: string, options: ConversationOptions): Promise<Report> {
  const { database } = placeOf(home)
  if (database === undefined) return verifySqliteConversation(databaseFile(home), options)
  return inPool(database, (pool) => verifyPostgresConversation({ pool, where: home }, options))
}

async function inPool(
  database: Parameters<typeof openPool>[0],
  verify: (pool: Awaited<ReturnType<typeof openPool>>) => Promise<Report>,
): Promise<Report> {
  const pool = await openPool(database, 'long')
  try {
    return await verify(pool)
  } finally {
    await pool.end()
  }
}

/** Under its own key, against its own checkpoint log. */
export async function verifyUnderItsKey(
  home: string,
  verifierKey: string,
  more: Pick<LedgerOptions, 'openContent' | 'approvers'> = {},
): Promise<Report> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  return verifyHome(home, { trust: { kind: 'pinned', keys: [key] }, anchors: [await localAnchor(home)], ...more })
}
