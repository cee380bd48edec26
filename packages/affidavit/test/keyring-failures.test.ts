// A keyring that hangs, is damaged, or is taken away under an open ledger: refused by its name, nothing recorded, nobody else
// held up, and the ledger closes (spec/sealing.md §2, spec/vault.md §7).

import assert from 'node:assert/strict'
import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'

import { createRandomSource } from '../src/crypto/random.ts'
import { keyringFile } from '../src/embedded/folder.ts'
import { initLedger } from '../src/embedded/init.ts'
import { openFolderKeyring } from '../src/embedded/keyring.ts'
import { openFolder } from '../src/embedded/open.ts'
import { nameOf } from '../src/embedded/origin.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import type { Ledger } from '../src/ledger/ledger.ts'
import { memoryKeyWrapper } from '../src/testing/memory-key-wrapper.ts'
import { memoryKeyringStore } from '../src/testing/memory-keyring-store.ts'
import { openKeyring } from '../src/vault/keyring.ts'
import type { KeyringStore } from '../src/vault/keyring-store.ts'

const root = mkdtempSync(join(tmpdir(), 'affidavit-keyring-failures-'))
after(() => rmSync(root, { recursive: true, force: true }))
const QUIET = { intervalMillis: 3_600_000, afterEntries: 1_000_000, heartbeatMillis: 3_600_000_000 }

let folders = 0
async function made(): Promise<{ readonly folder: string; readonly origin: string }> {
  const folder = join(root, String(folders++))
  return { folder, ...(await initLedger(folder, { origin: 'clinic.example/agents' })) }
}

function about(person: string, more: Partial<Draft> = {}): Draft {
  return { action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', subject_ids: [person], ...more }
}

async function outcomes(ledger: Ledger, persons: readonly string[]): Promise<string[]> {
  const settled = await Promise.allSettled(persons.map((person) => ledger.append(about(person))))
  return settled.map((one) => {
    if (one.status === 'fulfilled') return one.value.state
    assert.ok(one.reason instanceof LedgerError, String(one.reason))
    return one.reason.code
  })
}

describe('a keyring that does not answer', () => {
  /** The ledger, opened with a keyring that hangs, or fails in words of its own, from the moment it is told to. */
  async function opened(instead: () => Promise<never>, waits: readonly (keyof KeyringStore)[]) {
    const { folder, origin } = await made()
    // In memory: its answers are there before any clock has gone on.
    const store = memoryKeyringStore()
    let breaks = false
    const broken = new Proxy(store, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver)
        const isBroken = waits.some((one) => one === name)
        if (typeof member !== 'function') return member
        return (...args: readonly unknown[]) => (breaks && isBroken ? instead() : Reflect.apply(member, target, args))
      },
    })
    const keyring = await openKeyring({
      store: broken,
      wrapper: memoryKeyWrapper(),
      name: nameOf(origin),
      random: createRandomSource(),
      patienceMillis: 20,
    })
    const ledger = await openFolder(folder, { keyring, publish: QUIET })
    const arm = (isArmed: boolean): void => {
      breaks = isArmed
    }
    return { folder, ledger, arm }
  }

  const silence = (): Promise<never> => new Promise(() => undefined)

  test('refuses whoever needs it; others are recorded, and it is asked again later', async () => {
    const { ledger, arm } = await opened(silence, ['head', 'find', 'add'])
    assert.deepEqual(await outcomes(ledger, ['Ada']), ['recorded'])
    arm(true)
    assert.deepEqual(await outcomes(ledger, ['Ben', 'Ada']), ['key-unavailable', 'recorded'])
    arm(false)
    assert.deepEqual(await outcomes(ledger, ['Ben', 'Ada']), ['recorded', 'recorded'])
    assert.equal((await ledger.health()).size, 5)
    await ledger.close()
  })

  test('keeps nobody from closing, with drafts under way', async () => {
    const { folder, ledger, arm } = await opened(silence, ['head', 'find', 'add', 'close'])
    arm(true)
    const refused = outcomes(ledger, ['Ada', 'Ben'])
    await ledger.close()
    assert.deepEqual(await refused, ['key-unavailable', 'key-unavailable'])
    await using again = await openFolder(folder, { publish: QUIET })
    assert.equal((await again.health()).size, 1)
  })

  test('or fails in words of its own, is told in ours', async () => {
    const { ledger, arm } = await opened(() => Promise.reject(new Error('socket hang up')), ['find'])
    arm(true)
    assert.deepEqual(await outcomes(ledger, ['Ada', 'Ben']), ['store-unavailable', 'store-unavailable'])
    await ledger.close()
  })
})

test('a damaged row of the keyring refuses the drafts that need it, and no others of the same moment', async () => {
  const { folder, origin } = await made()
  const keyring = await openFolderKeyring(folder, origin, 'open')
  const [token = ''] = await keyring.tokens(['Ben'])
  await keyring.close()
  const database = new DatabaseSync(keyringFile(folder))
  database.exec('DROP TRIGGER rows_no_change')
  assert.equal(database.prepare('UPDATE rows SET sealed = zeroblob(60) WHERE key = ?').run(token).changes, 1)
  database.close()
  await using ledger = await openFolder(folder, { publish: QUIET })
  assert.deepEqual(await outcomes(ledger, ['Ada', 'Ben', 'Cleo', 'Dan']), [
    'recorded',
    'store-corrupt',
    'recorded',
    'recorded',
  ])
})

test('nothing is recorded under keys that nobody will find: a keyring that was taken away is missed', async () => {
  const { folder } = await made()
  const ledger = await openFolder(folder, { publish: QUIET })
  assert.deepEqual(await outcomes(ledger, ['Ada']), ['recorded'])
  renameSync(keyringFile(folder), join(folder, 'kept.db'))
  assert.deepEqual(await outcomes(ledger, ['Ben']), ['missing-key'])
  // Not with what was at hand either: what comes back in its place may not have it.
  assert.deepEqual(await outcomes(ledger, ['Ada', 'Ben']), ['missing-key', 'missing-key'])
  assert.equal((await ledger.health()).size, 2)
  await ledger.close()
  await assert.rejects(openFolder(folder, { publish: QUIET }), { code: 'missing-key' })
  renameSync(join(folder, 'kept.db'), keyringFile(folder))
  await using again = await openFolder(folder, { publish: QUIET })
  assert.deepEqual(await outcomes(again, ['Ada', 'Ben']), ['recorded', 'recorded'])
})
