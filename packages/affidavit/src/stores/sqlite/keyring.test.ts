import assert from 'node:assert/strict'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { sha256Hex } from '../../crypto/sha256.ts'
import { keyringStoreContract } from '../../testing/contract-keyring-store.ts'
import type { KeyringStore } from '../../vault/keyring-store.ts'
import { connectSqlite } from './connect.ts'
import { readOnlyKeyringStore, sqliteKeyringStore } from './keyring.ts'
import { KEYRING_DATABASE } from './local-keyring.ts'

keyringStoreContract('a keyring in a file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
  const path = join(folder, 'keyring.db')
  return {
    open: () => sqliteKeyringStore(path, 'create'),
    cleanup: async () => rmSync(folder, { recursive: true, force: true }),
  }
})

test('a ledger is no keyring, and a keyring no ledger', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
  connectSqlite(join(folder, 'ledger.db'), 'create').close()
  const keyring = sqliteKeyringStore(join(folder, 'keyring.db'), 'create')
  await keyring.head()
  await keyring.close()
  assert.throws(() => connectSqlite(join(folder, 'keyring.db'), 'open'), { code: 'not-a-ledger' })
  for (const [file, said] of Object.entries({ 'ledger.db': /not a keyring/, 'none.db': /backup/ })) {
    const store = sqliteKeyringStore(join(folder, file), 'open')
    await assert.rejects(store.head(), { code: 'not-a-ledger', message: said })
    await store.close()
  }
  rmSync(folder, { recursive: true, force: true })
})

test('a keyring that another process holds while it recovers is waited for', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
  const path = join(folder, 'keyring.db')
  connectSqlite(path, 'create', KEYRING_DATABASE).close()
  const other = new DatabaseSync(path)
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
  const store = sqliteKeyringStore(path, 'open')
  const head = store.head()
  assert.equal(await Promise.race([head, setTimeout(100, 'still waiting')]), 'still waiting')
  other.close()
  assert.equal(await head, undefined)
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

test('processes that make one keyring in the same moment make one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
  const stores = Array.from({ length: 6 }, () => sqliteKeyringStore(join(folder, 'keyring.db'), 'create'))
  const head = (n: number) => ({ generation: 1, kek_version: `v${n}`, wrapped_key: Uint8Array.of(n), retired: [] })
  const begun = await Promise.all(stores.map((store, n) => store.begin(head(n))))
  assert.equal(new Set(begun.map(({ kek_version }) => kek_version)).size, 1)
  for (const store of stores) await store.close()
  rmSync(folder, { recursive: true, force: true })
})

test('a keyring that is opened to be read takes no write, and is refused where it is none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
  const path = join(folder, 'keyring.db')
  const head = { generation: 1, kek_version: 'v1', wrapped_key: Uint8Array.of(1), retired: [] }
  const written = sqliteKeyringStore(path, 'create')
  await written.begin(head)
  await written.close()
  const store = readOnlyKeyringStore(path)
  assert.deepEqual(await store.head(), head)
  await assert.rejects(store.settle(), { code: 'store-unavailable' })
  await assert.rejects(store.forget('v1'), { code: 'store-unavailable' })
  assert.deepEqual(await store.head(), head)
  await store.close()
  await assert.rejects(readOnlyKeyringStore(join(folder, 'none.db')).head(), {
    code: 'not-a-ledger',
    message: /backup/,
  })
  rmSync(folder, { recursive: true, force: true })
})

describe('a keyring whose file is not at its place any more gives no answer, and is not mistaken for another', () => {
  const row = (n: number) => ({
    kind: 'scope' as const,
    key: n.toString(16).padStart(32, '0'),
    lookup: n.toString(16).padStart(64, 'a'),
    owner: n.toString(16).padStart(64, 'b'),
    sealed: Uint8Array.of(n),
  })
  /** The database that stands there, with what is not in the file yet. */
  const bytesAt = (path: string): (string | undefined)[] =>
    [path, `${path}-wal`].map((file) =>
      existsSync(path) && existsSync(file) ? sha256Hex(readFileSync(file)) : undefined,
    )
  const losses: readonly [name: string, lose: (path: string) => void, again: RegExp][] = [
    ['removed', (path) => rmSync(path), /was removed/],
    ['renamed', (path) => renameSync(path, `${path}.old`), /was removed/],
    ['moved with its folder', (path) => renameSync(dirname(path), `${dirname(path)}-old`), /was removed/],
    [
      'replaced by a copy of itself',
      (path) => {
        cpSync(path, `${path}.copy`)
        renameSync(`${path}.copy`, path)
      },
      /was replaced/,
    ],
    [
      'removed, and made anew',
      (path) => {
        rmSync(path)
        connectSqlite(path, 'create', KEYRING_DATABASE).close()
      },
      /was replaced/,
    ],
  ]
  const asked: readonly [name: string, ask: (store: KeyringStore) => Promise<unknown>][] = [
    ['adding', (store) => store.add(1, [row(2)])],
    ['looking up', (store) => store.find(1, [row(1).lookup])],
    ['settling', (store) => store.settle()],
  ]
  for (const [name, lose, says] of losses) {
    for (const [asking, ask] of asked) {
      test(`${name}: ${asking}`, async () => {
        const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
        const path = join(folder, 'keyring', 'keyring.db')
        mkdirSync(dirname(path))
        const store = sqliteKeyringStore(path, 'create')
        await store.begin({ generation: 1, kek_version: 'v1', wrapped_key: Uint8Array.of(1), retired: [] })
        await store.add(1, [row(1)])
        lose(path)
        const there = bytesAt(path)
        for (let again = 0; again < 3; again++) {
          await assert.rejects(ask(store), { code: 'missing-key', problem: says, cure: /open the ledger again/ })
        }
        await store.close()
        assert.deepEqual(bytesAt(path), there, 'what came into its place is as it was')
        rmSync(folder, { recursive: true, force: true })
        rmSync(`${dirname(path)}-old`, { recursive: true, force: true })
      })
    }
  }

  test('one that was put back is the same', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
    const path = join(folder, 'keyring.db')
    const store = sqliteKeyringStore(path, 'create')
    await store.begin({ generation: 1, kek_version: 'v1', wrapped_key: Uint8Array.of(1), retired: [] })
    renameSync(path, `${path}.old`)
    renameSync(`${path}.old`, path)
    assert.equal((await store.add(1, [row(1)])).length, 1)
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
})
