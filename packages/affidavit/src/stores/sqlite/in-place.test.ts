import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { LedgerError } from '../../errors/ledger-error.ts'
import { wait } from './calls.ts'
import { connectSqlite } from './connect.ts'
import type { SqliteDatabase } from './database.ts'
import { expectInPlace } from './in-place.ts'
import { KEYRING_DATABASE, localKeyringStore } from './local-keyring.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-in-place-'))
after(() => rmSync(root, { recursive: true, force: true }))

test('a file that was missed once is missed for ever, also where the same one comes back', () => {
  const path = join(root, 'a')
  writeFileSync(path, '')
  const expect = expectInPlace(path)
  expect()
  renameSync(path, `${path}.away`)
  assert.throws(expect, { code: 'missing-key', problem: /was removed/ })
  renameSync(`${path}.away`, path)
  assert.throws(expect, { code: 'missing-key', problem: /was removed/ })
})

test('a place is the same wherever the process goes', () => {
  const [before, path] = [process.cwd(), join(root, 'b')]
  writeFileSync(path, '')
  process.chdir(root)
  const expect = expectInPlace('b')
  expect()
  process.chdir(before)
  expect()
})

const HEAD = { generation: 1, kek_version: 'v1', wrapped_key: Uint8Array.of(1), retired: [] }

/** A keyring whose file is taken away in the middle of its next transaction: right before COMMIT, which fails or does not. */
function takenAway(name: string, commit: 'fails' | 'succeeds') {
  const path = join(root, name)
  connectSqlite(path, 'create', KEYRING_DATABASE).close()
  let armed = false
  const connect = (): SqliteDatabase => {
    const db = connectSqlite(path, 'open', KEYRING_DATABASE)
    return {
      prepare: (sql) => db.prepare(sql),
      close: () => db.close(),
      exec(sql) {
        if (armed && sql === 'COMMIT') {
          armed = false
          renameSync(path, `${path}.away`)
          if (commit === 'fails') throw new LedgerError('store-unavailable', { problem: 'disk I/O error' })
        }
        return db.exec(sql)
      },
    }
  }
  const arm = (): void => {
    armed = true
  }
  return { store: localKeyringStore(connect, wait, expectInPlace(path)), arm }
}

for (const commit of ['succeeds', 'fails'] as const) {
  test(`a keyring that is taken away while a row is written tells of no row: COMMIT ${commit}`, async () => {
    const { store, arm } = takenAway(`commit-${commit}`, commit)
    await store.begin(HEAD)
    arm()
    await assert.rejects(store.add(1, []), { code: 'missing-key' })
    await store.close()
  })
}
