import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { inspectCheckpointLog, inspectLedger } from '../../test/oracle/naive-ledger.ts'
import { localAnchor } from '../embedded/anchors.ts'
import { databaseFile, keysFolder } from '../embedded/folder.ts'
import { initLedger } from '../embedded/init.ts'
import { openFolder } from '../embedded/open.ts'
import { formatVerifierKey, parseVerifierKey } from '../formats/verifier-key.ts'
import { fileKeys } from '../keys/file.ts'
import { sqliteStore } from '../stores/sqlite/store.ts'
import { verifySqlite } from '../stores/sqlite/verify.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerStore } from './store.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-rotate-'))
after(() => rmSync(root, { recursive: true, force: true }))

const QUIET = { intervalMillis: 3_600_000, heartbeatMillis: 3_600_000_000 }

let folders = 0
async function freshLedger(): Promise<{ folder: string; origin: string; verifierKey: string }> {
  const folder = join(root, String(folders++))
  return { folder, ...(await initLedger(folder, { origin: 'rotate.example/agents' })) }
}

/** Every change of keys in the ledger, as its records have it; all of it published, and valid under the first key. */
async function changesOf(folder: string, firstKey: string): Promise<[from: unknown, to: unknown][]> {
  const ledger = inspectLedger(databaseFile(folder))
  inspectCheckpointLog(join(folder, 'checkpoints', 'checkpoints.log'), ledger)
  const key = parseVerifierKey(firstKey)
  assert.ok(!('code' in key))
  const options = { trust: { kind: 'pinned', keys: [key] }, anchors: [await localAnchor(folder)], threads: 0 } as const
  const { status, not_checked, axes } = await verifySqlite(databaseFile(folder), options)
  assert.deepEqual([status, axes.signer.verdict], ['valid', 'pinned key'])
  assert.ok(!not_checked.some((line) => line.includes('no counted checkpoint')))
  return ledger.entries.flatMap(({ members }) => {
    const { old_key, new_key } = Object(members.get('details'))
    return members.get('action') === 'key_rotated' ? [[old_key, new_key]] : []
  })
}

for (const [name, another] of [
  ['one handle', async (ledger: Ledger) => ledger],
  ['two handles', async (_: Ledger, folder: string) => openFolder(folder, { publish: QUIET })],
] as const) {
  test(`two rotations at once through ${name} are one`, async () => {
    const { folder, verifierKey } = await freshLedger()
    const ledger = await openFolder(folder, { publish: QUIET })
    const other = await another(ledger, folder)
    const rotated = await Promise.all([ledger.rotateKey(), other.rotateKey()])
    const inForce = await ledger.verifierKey()
    assert.notEqual(inForce, verifierKey)
    for (const { verifierKey, checkpoint } of rotated) assert.deepEqual([verifierKey, checkpoint.size], [inForce, 2])
    await Promise.all([ledger.close(), other.close()])
    assert.deepEqual(await changesOf(folder, verifierKey), [[verifierKey, inForce]])
    assert.deepEqual(readdirSync(keysFolder(folder)).sort(), ['checkpoint.key', 'digest.key', 'heartbeat.key', 'kek'])
  })
}

test('a rotation that a crash interrupted is finished by opening, with the key that was begun', async () => {
  const { folder, origin, verifierKey } = await freshLedger()
  const begun = formatVerifierKey((await fileKeys(keysFolder(folder), origin).beginRotation()).verifierKey)
  const ledger = await openFolder(folder, { publish: QUIET })
  assert.equal(await ledger.verifierKey(), begun)
  await ledger.close()
  assert.deepEqual(await changesOf(folder, verifierKey), [[verifierKey, begun]])
})

/** A store behind whose back another process publishes, right after each of so many commits. */
function overtaken(folder: string, other: Ledger, times: number): LedgerStore {
  const store = sqliteStore(databaseFile(folder), 'open')
  let left = times
  return {
    ...store,
    async commit(batch) {
      const placed = await store.commit(batch)
      if (left-- > 0) await other.publish()
      return placed
    },
  }
}

test('a key is in force only when both keys have signed: where others publish first, it is announced again', async () => {
  const { folder, verifierKey } = await freshLedger()
  await using other = await openFolder(folder, { publish: QUIET })
  const ledger = await openFolder(folder, { publish: QUIET, store: overtaken(folder, other, 2) })
  const rotated = await ledger.rotateKey()
  assert.equal(rotated.checkpoint.size, 4)
  await ledger.close()
  const change = [verifierKey, rotated.verifierKey]
  assert.deepEqual(await changesOf(folder, verifierKey), [change, change, change])
})

test('a rotation that others never let through says so, and goes on with the same key', async () => {
  const { folder, origin, verifierKey } = await freshLedger()
  await using other = await openFolder(folder, { publish: QUIET })
  const ledger = await openFolder(folder, { publish: QUIET, store: overtaken(folder, other, 20) })
  await assert.rejects(ledger.rotateKey(), { code: 'not-published' })
  assert.equal(await ledger.verifierKey(), verifierKey)
  const begun = await fileKeys(keysFolder(folder), origin).pendingRotation()
  const rotated = await ledger.rotateKey()
  assert.equal(rotated.verifierKey, begun && formatVerifierKey(begun.verifierKey))
  await ledger.close()
  assert.equal((await changesOf(folder, verifierKey)).length, 21)
})

test('key after key, each is reached from the first', async () => {
  const { folder, verifierKey } = await freshLedger()
  const keys = [verifierKey]
  const ledger = await openFolder(folder, { publish: QUIET })
  for (let i = 0; i < 3; i++) {
    await ledger.append({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent' })
    keys.push((await ledger.rotateKey()).verifierKey)
  }
  await ledger.close()
  assert.equal(new Set(keys).size, 4)
  assert.deepEqual(
    await changesOf(folder, verifierKey),
    keys.slice(1).map((key, i) => [keys[i], key]),
  )
})
