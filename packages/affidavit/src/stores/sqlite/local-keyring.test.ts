import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { assertWhole, live } from '../../../test/keyring-life.ts'
import { createRandomSource } from '../../crypto/random.ts'
import { faultyDatabase } from '../../testing/faulty-database.ts'
import { memoryKeyWrapper } from '../../testing/memory-key-wrapper.ts'
import { type WriteFault, type WriteFaults, writeFaults } from '../../testing/write-faults.ts'
import { openKeyring } from '../../vault/keyring.ts'
import { wait } from './calls.ts'
import { connectSqlite } from './connect.ts'
import { KEYRING_DATABASE, localKeyringStore } from './local-keyring.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-keyring-faults-'))
after(() => rmSync(root, { recursive: true, force: true }))
let files = 0

/** A keyring in a new file whose writes are broken as planned, and how to open the file anew. */
function keyringWith(faults: WriteFaults) {
  const path = join(root, `${files++}.db`)
  connectSqlite(path, 'create', KEYRING_DATABASE).close()
  const wrapper = memoryKeyWrapper()
  const open = (wrap: (db: ReturnType<typeof connectSqlite>) => ReturnType<typeof faultyDatabase>) =>
    openKeyring({
      store: localKeyringStore(() => wrap(connectSqlite(path, 'open', KEYRING_DATABASE)), wait),
      wrapper,
      name: 'clinic.example/agents',
      random: createRandomSource(),
    })
  return { broken: () => open((db) => faultyDatabase(db, faults)), whole: () => open((db) => db) }
}

const KINDS: readonly WriteFault[] = ['not-persisted', 'persisted-but-reported-failed']

describe('a write of the keyring that fails is done again, and the keyring is whole', async () => {
  const faultless = writeFaults(new Map())
  const sample = keyringWith(faultless)
  await (await sample.broken()).close()
  const opening = faultless.seen.length
  assert.equal(await live(sample.broken), 0)
  const writes = faultless.seen.slice(opening)
  for (const kind of KINDS) {
    for (const [i, name] of writes.entries()) {
      test(`${name}, write ${i}: ${kind}`, async () => {
        const { broken, whole } = keyringWith(writeFaults(new Map([[opening + i, kind]])))
        await (await broken()).close()
        // What fails behind the turn-over changes nothing about it.
        assert.ok((await live(broken)) <= 1)
        await assertWhole(await whole())
      })
    }
  }
})
