// The verdict on the ledger with a home, wherever its records lie.

import assert from 'node:assert/strict'

import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { placeOf } from '../src/embedded/place.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { openPool } from '../src/stores/postgres/pool.ts'
import { verifyPostgres } from '../src/stores/postgres/verify.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Report } from '../src/verify/report.ts'
import type { LedgerOptions } from '../src/verify/stored/ledger.ts'

export async function verifyHome(home: string, options: LedgerOptions): Promise<Report> {
  const { database } = placeOf(home)
  if (database === undefined) return verifySqlite(databaseFile(home), { ...options, threads: 0 })
  const pool = await openPool(database, 'long')
  try {
    return await verifyPostgres({ pool, where: home }, options)
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
