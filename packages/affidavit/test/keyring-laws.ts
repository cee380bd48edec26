// What a keyring does on any store that keeps the contract: keys, tokens, turn-overs (spec/vault.md §4, §5).

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { createRandomSource } from '../src/crypto/random.ts'
import { TOKEN } from '../src/formats/token.ts'
import { memoryKeyWrapper } from '../src/testing/memory-key-wrapper.ts'
import { type Keyring, openKeyring } from '../src/vault/keyring.ts'
import type { Scope } from '../src/vault/keyring-rows.ts'
import type { KeyringStore } from '../src/vault/keyring-store.ts'

const NAME = 'clinic.example/agents'

function parts(store: KeyringStore, wrapper = memoryKeyWrapper()) {
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

/** @param makeStore makes an empty store, and opens it as often as asked */
export function keyringLaws(makeStore: () => () => KeyringStore): void {
  /** Opens one new keyring, as often as asked. */
  function keyringIn(): () => Promise<Keyring> {
    const [open, wrapper] = [makeStore(), memoryKeyWrapper()]
    return () => openKeyring(parts(open(), wrapper))
  }

  describe('keys of scopes', () => {
    test('a scope has one key, whoever asks first; another word of it is another scope', async () => {
      const open = keyringIn()
      const [one, other] = [await open(), await open()]
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
      const open = keyringIn()
      const [one, other] = [await open(), await open()]
      const wanted = [scope('tok_a'), scope('tok_b'), scope('tok_a')]
      const answers = await Promise.all([one.scopeKeys(wanted), other.scopeKeys(wanted), one.scopeKeys(wanted)])
      const ids = answers.map((keys) => keys.map(({ id }) => id))
      assert.equal(ids[0]?.[0], ids[0]?.[2])
      assert.deepEqual(ids[1], ids[0])
      assert.deepEqual(ids[2], ids[0])
    })

    test('a key is found by its id, and by its owner', async () => {
      const keyring = await keyringIn()()
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
      const keyring = await keyringIn()()
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

  test('a note is kept once under its name, is found by its topic alone, and outlives every turn-over', async () => {
    const open = keyringIn()
    const [one, other] = [await open(), await open()]
    const [first, second] = [
      { topic: 'losses', name: 'a b', text: 'first' },
      { topic: 'losses', name: 'c', text: '' },
    ]
    for (const note of [first, second, { ...first, topic: 'gains' }]) await one.keepNote(note)
    await other.keepNote({ ...first, text: 'another' })
    await other.turnOver([{ owner_kind: 'subject', owner: 'losses' }])
    await one.turnOver()
    const found = [...(await other.notes('losses'))].sort((a, b) => (a.name < b.name ? -1 : 1))
    assert.deepEqual(
      found.map(({ topic, name, text }) => ({ topic, name, text })),
      [first, second],
    )
    assert.deepEqual(await other.notes('loss'), [])
  })

  test('a generation that is replaced while it is opened is no destroyed key', async () => {
    const [store, wrapper] = [makeStore()(), memoryKeyWrapper()]
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

  describe('turning over', () => {
    test('what stays keeps its key, id and token; what leaves is gone for everybody', async () => {
      const open = keyringIn()
      const [one, other] = [await open(), await open()]
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
      const open = keyringIn()
      const [one, other] = [await open(), await open()]
      const tokens = await one.tokens(['PT-1', 'PT-2', 'PT-3'])
      const owner = (i: number) => ({ owner_kind: 'subject', owner: tokens[i] ?? '' }) as const
      await Promise.all([one.turnOver([owner(0)]), other.turnOver([owner(1)])])
      assert.deepEqual([...(await one.personalIds(tokens)).values()], ['PT-3'])
      assert.equal(await other.generation(), 3)
    })

    test('rows that are added meanwhile are not lost', async () => {
      const wrapper = memoryKeyWrapper()
      const store = makeStore()()
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
      const keyring = await keyringIn()()
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

  test('any order of asking, adding and turning over gives what a map would', async () => {
    const ids = fc.constantFrom('PT-1', 'PT-2', 'PT-3', 'PT-4')
    const steps = fc.array(fc.tuple(fc.constantFrom('token', 'erase', 'resolve', 'turn'), ids, fc.boolean()), {
      maxLength: 25,
    })
    await fc.assert(
      fc.asyncProperty(steps, async (commands) => {
        const open = keyringIn()
        const keyrings = [await open(), await open()]
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
}

function must<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}
