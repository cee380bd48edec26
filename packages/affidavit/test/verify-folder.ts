// The verdict on a ledger in a folder, under its own key, against its own checkpoint log.

import assert from 'node:assert/strict'

import { localAnchor } from '../src/embedded/anchors.ts'
import { databaseFile } from '../src/embedded/folder.ts'
import { parseVerifierKey } from '../src/formats/verifier-key.ts'
import { verifySqlite } from '../src/stores/sqlite/verify.ts'
import type { Report } from '../src/verify/report.ts'

export async function verifyFolder(
  folder: string,
  verifierKey: string,
  more: Pick<Parameters<typeof verifySqlite>[1], 'openContent'> = {},
): Promise<Report> {
  const key = parseVerifierKey(verifierKey)
  assert.ok(!('code' in key))
  const anchors = [await localAnchor(folder)]
  return verifySqlite(databaseFile(folder), { trust: { kind: 'pinned', keys: [key] }, anchors, threads: 0, ...more })
}
