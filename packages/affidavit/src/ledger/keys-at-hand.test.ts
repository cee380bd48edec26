import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRandomSource } from '../crypto/random.ts'
import { memoryKeyWrapper } from '../testing/memory-key-wrapper.ts'
import { memoryKeyringStore } from '../testing/memory-keyring-store.ts'
import { type Keyring, openKeyring } from '../vault/keyring.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { createKeysAtHand } from './keys-at-hand.ts'

const SCOPE: Scope = { owner_kind: 'conversation', owner: 'c', retention_class: 'default', month: '2026-11' }

function newKeyring(): Promise<Keyring> {
  const parts = { store: memoryKeyringStore(), wrapper: memoryKeyWrapper(), name: 'n', random: createRandomSource() }
  return openKeyring(parts)
}

test('what was fetched is at hand, and the same that the keyring has', async () => {
  const keyring = await newKeyring()
  const keys = await createKeysAtHand(keyring)
  assert.deepEqual([keys.token('p'), keys.scopeKey(SCOPE), keys.generation()], [undefined, undefined, 1])
  await keys.fetch({ personal: ['p', 'q', 'p'], scopes: [SCOPE, { ...SCOPE, owner: 'd' }] })
  assert.equal(keys.token('p'), await keyring.tokenOf('p'))
  assert.equal(keys.token('q'), await keyring.tokenOf('q'))
  const [known] = await keyring.knownScopeKeys([SCOPE])
  assert.deepEqual([keys.scopeKey(SCOPE)?.id, keys.scopeKey({ ...SCOPE, month: '2026-12' })], [known?.id, undefined])
})

test('a key that is derived is the same in any order of its keys, and another for other words', async () => {
  const keys = await createKeysAtHand(await newKeyring())
  const scopes = ['a', 'b'].map((owner) => ({ ...SCOPE, owner }))
  await keys.fetch({ personal: [], scopes })
  const [a, b] = scopes.map((scope) => keys.scopeKey(scope) ?? assert.fail('not at hand'))
  assert.ok(a !== undefined && b !== undefined)
  const bytes = (key: ReturnType<typeof keys.derived>): string => key.export().toString('hex')
  assert.equal(bytes(keys.derived([a, b], 'words')), bytes(keys.derived([b, a], 'words')))
  assert.notEqual(bytes(keys.derived([a, b], 'words')), bytes(keys.derived([a, b], 'other words')))
  assert.notEqual(bytes(keys.derived([a, b], 'words')), bytes(keys.derived([a], 'words')))
})

test('what was asked for before a renewal is not kept, and what is asked for after it is', async () => {
  const keyring = await newKeyring()
  const answer = Promise.withResolvers<void>()
  const slow: Keyring = {
    ...keyring,
    async tokens(personal) {
      const found = await keyring.tokens(personal)
      await answer.promise
      return found
    },
  }
  const keys = await createKeysAtHand(slow)
  const before = keys.fetch({ personal: ['p'], scopes: [] })
  await new Promise(setImmediate)
  await keyring.turnOver([{ owner_kind: 'subject', owner: (await keyring.tokenOf('p')) ?? '' }])
  assert.equal(await keys.renew(), 2)
  answer.resolve()
  await before
  assert.equal(keys.token('p'), undefined)
  await keys.fetch({ personal: ['p'], scopes: [] })
  assert.equal(keys.token('p'), await keyring.tokenOf('p'))
  assert.equal(keys.generation(), 2)
})
