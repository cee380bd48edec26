import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { createRandomSource } from '../crypto/random.ts'
import { TOKEN } from '../formats/token.ts'
import { sqliteKeyringStore } from '../stores/sqlite/keyring.ts'
import { memoryKeyWrapper } from '../testing/memory-key-wrapper.ts'
import { memoryKeyringStore } from '../testing/memory-keyring-store.ts'
import { type Keyring, openKeyring } from './keyring.ts'
import type { Scope } from './keyring-rows.ts'
import type { KeyringRow, KeyringStore } from './keyring-store.ts'

const NAME = 'clinic.example/agents'

function parts(store = memoryKeyringStore(), wrapper = memoryKeyWrapper()) {
  return { store, wrapper, name: NAME, random: createRandomSource() }
}

function scope(owner: string, more: Partial<Scope> = {}): Scope {
  return { owner_kind: 'subject', owner, retention_class: 'default', month: '2026-11', ...more }
}

async function secretOf(keyring: Keyring, wanted: Scope): Promise<string> {
  const [found] = await keyring.scopeKeys([wanted])
  assert.ok(found !== undefined)
  return `${found.id} ${found.key.export().toString('hex')}`
}

describe('keys of scopes', () => {
  test('a scope has one key, whoever asks first; another word of it is another scope', async () => {
    const shared = parts()
    const [one, other] = [await openKeyring(shared), await openKeyring(shared)]
    const first = await secretOf(one, scope('tok_a'))
    assert.equal(await secretOf(other, scope('tok_a')), first)
    const others = [
      scope('tok_b'),
      scope('tok_a', { owner_kind: 'conversation' }),
      scope('tok_a', { retention_class: 'hipaa' }),
      scope('tok_a', { month: '2026-12' }),
    ]
    const all = [first, ...(await Promise.all(others.map((another) => secretOf(one, another))))]
    assert.equal(new Set(all).size, 5)
  })

  test('those asked for at once, and twice at once, are one', async () => {
    const shared = parts()
    const [one, other] = [await openKeyring(shared), await openKeyring(shared)]
    const wanted = [scope('tok_a'), scope('tok_b'), scope('tok_a')]
    const answers = await Promise.all([one.scopeKeys(wanted), other.scopeKeys(wanted), one.scopeKeys(wanted)])
    const ids = answers.map((keys) => keys.map(({ id }) => id))
    assert.equal(ids[0]?.[0], ids[0]?.[2])
    assert.deepEqual(ids[1], ids[0])
    assert.deepEqual(ids[2], ids[0])
  })

  test('a key is found by its id, and by its owner', async () => {
    const keyring = await openKeyring(parts())
    const [a, b] = await keyring.scopeKeys([scope('tok_a'), scope('tok_a', { month: '2026-12' }), scope('tok_b')])
    assert.ok(a !== undefined && b !== undefined)
    const found = await keyring.scopeKeysById([a.id, 'f'.repeat(32)])
    assert.deepEqual([...found.keys()], [a.id])
    assert.deepEqual(found.get(a.id)?.export(), a.key.export())
    const owned = await keyring.scopesOf({ owner_kind: 'subject', owner: 'tok_a' })
    assert.deepEqual(owned.map(({ id }) => id).sort(), [a.id, b.id].sort())
    assert.deepEqual(await keyring.scopesOf({ owner_kind: 'conversation', owner: 'tok_a' }), [])
  })
})

describe('tokens of personal ids', () => {
  test('an id has one token, and a token leads back to its id', async () => {
    const keyring = await openKeyring(parts())
    const [one, two, again] = await keyring.tokens(['PT-20417', 'PT-20533', 'PT-20417'])
    assert.ok(one !== undefined && two !== undefined)
    assert.match(one, TOKEN)
    assert.notEqual(one, two)
    assert.equal(again, one)
    assert.equal(await keyring.tokenOf('PT-20417'), one)
    assert.equal(await keyring.tokenOf('PT-1'), undefined)
    assert.deepEqual([...(await keyring.personalIds([one, `tok_${'0'.repeat(32)}`]))], [[one, 'PT-20417']])
  })
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

test('a generation that is replaced while it is opened is no destroyed key', async () => {
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const other = await openKeyring(parts(store, wrapper))
  const [token = ''] = await other.tokens(['PT-1'])
  let once = 0
  const late: KeyringStore = {
    ...store,
    async head() {
      const head = await store.head()
      if (once++ !== 1) return head
      await other.turnOver()
      await other.destroyRetired()
      return head
    },
  }
  const keyring = await openKeyring(parts(late, wrapper))
  assert.equal(await keyring.tokenOf('PT-1'), token)
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

describe('turning over', () => {
  test('what stays keeps its key, id and token; what leaves is gone for everybody', async () => {
    const shared = parts()
    const [one, other] = [await openKeyring(shared), await openKeyring(shared)]
    const [leaving = '', staying = ''] = await one.tokens(['PT-1', 'PT-2'])
    const gone = await one.scopeKeys([scope(leaving), scope(leaving, { month: '2026-12' })])
    const kept = await secretOf(one, scope(staying))
    const turned = await other.turnOver([{ owner_kind: 'subject', owner: leaving }])
    assert.equal(turned.generation, 2)
    assert.deepEqual(turned.scopes, gone.map(({ id }) => id).sort())
    assert.deepEqual(turned.tokens, [leaving])
    assert.deepEqual(await other.destroyRetired(), [])
    assert.equal(await one.generation(), 2)
    assert.equal(await secretOf(one, scope(staying)), kept)
    assert.deepEqual(await one.personalIds([leaving, staying]), new Map([[staying, 'PT-2']]))
    assert.equal(await one.tokenOf('PT-1'), undefined)
    assert.deepEqual(await one.scopeKeysById(gone.map(({ id }) => id)), new Map())
    // The person may come back: as another one.
    assert.notEqual((await one.tokens(['PT-1']))[0], leaving)
  })

  test('two that turn over at once both do what they were asked', async () => {
    const shared = parts()
    const [one, other] = [await openKeyring(shared), await openKeyring(shared)]
    const tokens = await one.tokens(['PT-1', 'PT-2', 'PT-3'])
    const owner = (i: number) => ({ owner_kind: 'subject', owner: tokens[i] ?? '' }) as const
    await Promise.all([one.turnOver([owner(0)]), other.turnOver([owner(1)])])
    assert.deepEqual([...(await one.personalIds(tokens)).values()], ['PT-3'])
    assert.equal(await other.generation(), 3)
  })

  test('rows that are added meanwhile are not lost', async () => {
    const wrapper = memoryKeyWrapper()
    const store = memoryKeyringStore()
    const other = await openKeyring(parts(store, wrapper))
    let once = 0
    const busy: KeyringStore = {
      ...store,
      async turnOver(turn) {
        if (once++ === 0) await other.tokens(['PT-late'])
        return store.turnOver(turn)
      },
    }
    const one = await openKeyring(parts(busy, wrapper))
    await one.tokens(['PT-1'])
    await one.turnOver()
    assert.equal(once, 2)
    assert.match((await one.tokenOf('PT-late')) ?? '', TOKEN)
    assert.match((await one.tokenOf('PT-1')) ?? '', TOKEN)
  })

  test('more rows than a page keeps in mind', async () => {
    const keyring = await openKeyring(parts())
    const ids = Array.from({ length: 1_203 }, (_, i) => `PT-${i}`)
    const tokens = await keyring.tokens(ids)
    await keyring.turnOver([{ owner_kind: 'subject', owner: tokens[700] ?? '' }])
    assert.deepEqual(
      await keyring.tokens(ids.filter((_, i) => i !== 700)),
      tokens.filter((_, i) => i !== 700),
    )
    assert.equal(await keyring.tokenOf('PT-700'), undefined)
  })
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

test('any order of asking, adding and turning over gives what a map would', async () => {
  const ids = fc.constantFrom('PT-1', 'PT-2', 'PT-3', 'PT-4')
  const steps = fc.array(fc.tuple(fc.constantFrom('token', 'erase', 'resolve', 'turn'), ids, fc.boolean()), {
    maxLength: 25,
  })
  await fc.assert(
    fc.asyncProperty(steps, async (commands) => {
      const shared = parts()
      const keyrings = [await openKeyring(shared), await openKeyring(shared)]
      const model = new Map<string, string>()
      const dead = new Set<string>()
      for (const [command, id, which] of commands) {
        const keyring = must(keyrings[which ? 1 : 0])
        const known = model.get(id)
        if (command === 'token') {
          const [token = ''] = await keyring.tokens([id])
          if (known === undefined) assert.ok(!dead.has(token) && ![...model.values()].includes(token))
          else assert.equal(token, known)
          model.set(id, token)
        } else if (command === 'erase' && known !== undefined) {
          await keyring.turnOver([{ owner_kind: 'subject', owner: known }])
          model.delete(id)
          dead.add(known)
        } else if (command === 'turn') await keyring.turnOver()
        assert.equal(await keyring.tokenOf(id), model.get(id))
        assert.equal((await keyring.personalIds([...dead])).size, 0)
      }
    }),
    { numRuns: 40 },
  )
})
