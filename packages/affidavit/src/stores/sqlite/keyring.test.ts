import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { keyringStoreContract } from '../../testing/contract-keyring-store.ts'
import { connectSqlite } from './connect.ts'
import { readOnlyKeyringStore, sqliteKeyringStore } from './keyring.ts'

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
  await sqliteKeyringStore(join(folder, 'keyring.db'), 'create').close()
  assert.throws(() => sqliteKeyringStore(join(folder, 'ledger.db'), 'open'), { code: 'not-a-ledger' })
  assert.throws(() => connectSqlite(join(folder, 'keyring.db'), 'open'), { code: 'not-a-ledger' })
  assert.throws(() => sqliteKeyringStore(join(folder, 'none.db'), 'open'), { code: 'not-a-ledger', message: /backup/ })
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
  assert.throws(() => readOnlyKeyringStore(join(folder, 'none.db')), { code: 'not-a-ledger', message: /backup/ })
  rmSync(folder, { recursive: true, force: true })
})
