import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'

import { createRandomSource } from '../../crypto/random.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { faultyDatabase } from '../../testing/faulty-database.ts'
import { memoryKeyWrapper } from '../../testing/memory-key-wrapper.ts'
import { type WriteFault, type WriteFaults, writeFaults } from '../../testing/write-faults.ts'
import { type Keyring, openKeyring } from '../../vault/keyring.ts'
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

/** Finds ids, makes keys, turns over without the first id: each step is done again where it fails. */
async function live(keyring: Keyring): Promise<number> {
  let failures = 0
  async function insist<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      assert.ok(error instanceof LedgerError && error.code === 'store-unavailable', String(error))
      failures++
      return work()
    }
  }
  const [leaving = '', staying = ''] = await insist(() => keyring.tokens(['PT-1', 'PT-2']))
  const scope = { owner_kind: 'subject', owner: staying, retention_class: 'default', month: '2026-11' } as const
  const [before] = await insist(() => keyring.scopeKeys([scope]))
  const turned = await insist(() => keyring.turnOver([{ owner_kind: 'subject', owner: leaving }]))
  // Also where nobody was told that it had happened.
  assert.deepEqual(turned.tokens, [leaving])
  assert.deepEqual(await insist(() => keyring.destroyRetired()), [])
  const [later] = await insist(() => keyring.scopeKeys([scope]))
  assert.deepEqual([later?.id, later?.key.export()], [before?.id, before?.key.export()])
  return failures
}

const KINDS: readonly WriteFault[] = ['not-persisted', 'persisted-but-reported-failed']

describe('a write of the keyring that fails is done again, and the keyring is whole', async () => {
  const faultless = writeFaults(new Map())
  const sample = keyringWith(faultless)
  const opened = await sample.broken()
  const opening = faultless.seen.length
  assert.equal(await live(opened), 0)
  await opened.close()
  const writes = faultless.seen.slice(opening)
  for (const kind of KINDS) {
    for (const [i, name] of writes.entries()) {
      test(`${name}, write ${i}: ${kind}`, async () => {
        const { broken, whole } = keyringWith(writeFaults(new Map([[opening + i, kind]])))
        const keyring = await broken()
        const failures = await live(keyring)
        await keyring.close()
        const again = await whole()
        // What fails behind the turn-over changes nothing about it.
        assert.ok(failures <= 1)
        assert.equal(await again.tokenOf('PT-1'), undefined)
        assert.match((await again.tokenOf('PT-2')) ?? '', /^tok_/)
        assert.deepEqual(await again.destroyRetired(), [])
        await again.close()
      })
    }
  }
})
