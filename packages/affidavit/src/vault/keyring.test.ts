import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { keyringLaws } from '../../test/keyring-laws.ts'
import { createRandomSource } from '../crypto/random.ts'
import { sqliteKeyringStore } from '../stores/sqlite/keyring.ts'
import { memoryKeyWrapper } from '../testing/memory-key-wrapper.ts'
import { memoryKeyringStore } from '../testing/memory-keyring-store.ts'
import { openKeyring } from './keyring.ts'
import type { Scope } from './keyring-rows.ts'
import type { KeyringRow, KeyringStore } from './keyring-store.ts'

const NAME = 'clinic.example/agents'

function parts(store = memoryKeyringStore(), wrapper = memoryKeyWrapper()) {
  return { store, wrapper, name: NAME, random: createRandomSource() }
}

function scope(owner: string, more: Partial<Scope> = {}): Scope {
  return { owner_kind: 'subject', owner, retention_class: 'default', month: '2026-11', ...more }
}

keyringLaws(() => {
  const store = memoryKeyringStore()
  return () => store
})

test('a scope or an id that could not be read back, or told from another, is refused before anything is written', async () => {
  const keyring = await openKeyring(parts())
  const wrong = [
    scope('c\nd'),
    scope('a', { retention_class: 'b\nc' }),
    scope('a', { month: '2026-1' }),
    scope('a', { month: '2026-11\n' }),
    scope('PT-\ud800'),
  ]
  for (const one of wrong) await assert.rejects(keyring.scopeKeys([one]), RangeError)
  await assert.rejects(keyring.tokens(['PT-\ud800']), RangeError)
  assert.equal((await keyring.turnOver()).generation, 2)
})

test('no key is destroyed before the head that does without it is settled', async () => {
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const unsettled: KeyringStore = { ...store, settle: () => Promise.reject(new Error('disk I/O error')) }
  const keyring = await openKeyring(parts(unsettled, wrapper))
  await keyring.turnOver()
  await assert.rejects(keyring.destroyRetired(), { code: 'store-unavailable' })
  const states = (await wrapper.versions()).map(({ state }) => state)
  assert.deepEqual(states, ['usable', 'usable'])
})

test('a turn-over that fails leaves no version of a key behind that nobody uses', async () => {
  const wrapper = memoryKeyWrapper()
  const store = memoryKeyringStore()
  const broken: KeyringStore = { ...store, stage: () => Promise.reject(new Error('disk I/O error')) }
  const keyring = await openKeyring(parts(broken, wrapper))
  await keyring.tokens(['PT-1'])
  await assert.rejects(keyring.turnOver(), { code: 'store-unavailable' })
  const states = (await wrapper.versions()).map(({ state }) => state)
  assert.deepEqual(states, ['usable', 'destroyed'])
})

test('an old copy of the keyring, and every key that is left, open nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'affidavit-keyring-'))
  const [file, copy] = [join(folder, 'keyring.db'), join(folder, 'copy.db')]
  const wrapper = memoryKeyWrapper()
  const keyring = await openKeyring(parts(sqliteKeyringStore(file, 'create'), wrapper))
  const [token = ''] = await keyring.tokens(['PT-20417'])
  await keyring.scopeKeys([scope(token)])
  for (const end of ['', '-wal', '-shm']) copyFileSync(file + end, copy + end)
  await keyring.turnOver([{ owner_kind: 'subject', owner: token }])
  assert.deepEqual(await keyring.destroyRetired(), [])
  const old = sqliteKeyringStore(copy, 'open')
  assert.equal((await old.head())?.generation, 1)
  await assert.rejects(openKeyring(parts(old, wrapper)), { code: 'key-destroyed' })
  await old.close()
  const survivors = (await wrapper.versions()).filter(({ state }) => state === 'usable')
  assert.equal(survivors.length, 1)
  await keyring.close()
  for (const name of readdirSync(folder)) assert.ok(!readFileSync(join(folder, name)).includes('PT-20417'), name)
  rmSync(folder, { recursive: true, force: true })
})

describe('a row that somebody changed is not taken for what was sealed', () => {
  const lies: [name: string, lie: (rows: readonly KeyringRow[]) => KeyringRow][] = [
    [
      'a bit of it',
      ([row]) => ({ ...must(row), sealed: must(row).sealed.map((byte, i) => (i === 20 ? byte ^ 1 : byte)) }),
    ],
    ['cut short', ([row]) => ({ ...must(row), sealed: must(row).sealed.subarray(0, 5) })],
    ['the row of another', ([row, other]) => ({ ...must(other), lookup: must(row).lookup, owner: must(row).owner })],
    ['another owner', ([row, other]) => ({ ...must(row), owner: must(other).owner })],
    ['a scope for an identity', ([row]) => ({ ...must(row), kind: 'scope' })],
  ]
  for (const [name, lie] of lies) {
    test(name, async () => {
      const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
      const honest = await openKeyring(parts(store, wrapper))
      await honest.tokens(['PT-1', 'PT-2'])
      const page = await store.page(1, 0, 10)
      assert.ok(page !== 'superseded')
      const rows = page.map(({ row }) => row)
      const changed: KeyringStore = {
        ...store,
        find: async () => [lie(rows)],
        byKeys: async () => [lie(rows)],
      }
      const keyring = await openKeyring(parts(changed, wrapper))
      await assert.rejects(keyring.tokens(['PT-1']), { code: 'store-corrupt' })
      await assert.rejects(keyring.personalIds([rows[0]?.key ?? '']), { code: 'store-corrupt' })
    })
  }
})

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}

test('a failure at any moment of a turn-over leaves the keyring as it was, or turned over', async () => {
  let outcomes = ''
  for (let failing = 1; ; failing++) {
    let acts = 0
    let armed = false
    const fail = (): void => {
      if (armed && ++acts === failing) throw new Error('the power goes')
    }
    const [store, wrapper] = [memoryKeyringStore(fail), memoryKeyWrapper(fail)]
    const keyring = await openKeyring(parts(store, wrapper))
    const [leaving = '', staying = ''] = await keyring.tokens(['PT-1', 'PT-2'])
    armed = true
    const failed = await keyring.turnOver([{ owner_kind: 'subject', owner: leaving }]).then(
      () => false,
      () => true,
    )
    armed = false
    const again = await openKeyring(parts(store, wrapper))
    const done = (await again.generation()) === 2
    outcomes += done ? 'T' : 'b'
    const left = [...(await again.personalIds([leaving, staying])).values()]
    assert.deepEqual(left, done ? ['PT-2'] : ['PT-1', 'PT-2'])
    // What was left over ends at the next opportunity.
    assert.deepEqual(await again.destroyRetired(), [])
    if (done) assert.equal((await wrapper.versions())[0]?.state, 'destroyed')
    if (!failed) break
  }
  assert.match(outcomes, /^b+T+$/)
})
