import assert from 'node:assert/strict'
import { test } from 'node:test'

import { createRandomSource } from '../crypto/random.ts'
import { type ErrorCode, LedgerError } from '../errors/ledger-error.ts'
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
  const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow: Keyring = {
    ...keyring,
    async tokens(personal) {
      const found = await keyring.tokens(personal)
      begun.resolve()
      await answer.promise
      return found
    },
  }
  const keys = await createKeysAtHand(slow)
  const before = keys.fetch({ personal: ['p'], scopes: [] })
  await begun.promise
  await keyring.turnOver([{ owner_kind: 'subject', owner: (await keyring.tokenOf('p')) ?? '' }])
  assert.equal(await keys.renew(), 2)
  answer.resolve()
  await before
  assert.equal(keys.token('p'), undefined)
  await keys.fetch({ personal: ['p'], scopes: [] })
  assert.equal(keys.token('p'), await keyring.tokenOf('p'))
  assert.equal(keys.generation(), 2)
})

test('what is derived from keys that were given out before a renewal is not kept', async () => {
  const keys = await createKeysAtHand(await newKeyring())
  await keys.fetch({ personal: [], scopes: [SCOPE] })
  const before = keys.scopeKey(SCOPE) ?? assert.fail('not at hand')
  const kept = keys.derived([before], 'words')
  assert.equal(keys.derived([before], 'words'), kept)
  await keys.renew()
  const late = keys.derived([before], 'words')
  assert.deepEqual(late.export(), kept.export())
  assert.notEqual(keys.derived([before], 'words'), late)
  await keys.fetch({ personal: [], scopes: [SCOPE] })
  const after = keys.scopeKey(SCOPE) ?? assert.fail('not at hand')
  assert.notEqual(keys.derived([after], 'words'), late)
  assert.equal(keys.derived([after], 'words'), keys.derived([after], 'words'))
})

/** A keyring in which the rows of these are damaged: whoever asks for one of them among others is told nothing. */
async function damagedKeyring(damaged: readonly string[]): Promise<Keyring & { readonly asked: number[] }> {
  const keyring = await newKeyring()
  const asked: number[] = []
  const refuse = (names: readonly string[]): void => {
    asked.push(names.length)
    if (names.some((name) => damaged.includes(name)))
      throw new LedgerError('store-corrupt', { problem: 'a damaged row' })
  }
  return {
    ...keyring,
    asked,
    async tokens(personal) {
      refuse(personal)
      return keyring.tokens(personal)
    },
    async scopeKeys(scopes) {
      refuse(scopes.map(({ owner }) => owner))
      return keyring.scopeKeys(scopes)
    },
  }
}

test('a damaged row refuses whoever needs it, and nobody else who asks at the same moment', async () => {
  const owners = Array.from({ length: 40 }, (_, i) => `o-${i}`)
  const damaged = ['o-7', 'o-31']
  const keyring = await damagedKeyring(damaged)
  const keys = await createKeysAtHand(keyring)
  const scopeOf = (owner: string): Scope => ({ ...SCOPE, owner })
  const asked = owners.flatMap((owner) => [
    keys.fetch({ personal: [owner], scopes: [] }),
    keys.fetch({ personal: [], scopes: [scopeOf(owner)] }),
  ])
  for (const [i, outcome] of (await Promise.allSettled(asked)).entries()) {
    const owner = owners[Math.floor(i / 2)] ?? ''
    if (damaged.includes(owner)) assert.equal(outcome.status === 'rejected' && outcome.reason.code, 'store-corrupt')
    else assert.equal(outcome.status, 'fulfilled', owner)
  }
  for (const owner of owners) {
    assert.equal(keys.token(owner) === undefined, damaged.includes(owner))
    assert.equal(keys.scopeKey(scopeOf(owner)) === undefined, damaged.includes(owner))
  }
  // Both kinds: once for all, and then by halves, not one by one.
  assert.ok(keyring.asked.length <= 2 * (1 + 2 * 2 * Math.ceil(Math.log2(40))), `${keyring.asked.length} questions`)
})

test('another failure is told to all who asked, and nobody is asked for apart', async () => {
  const keyring = await newKeyring()
  let asked = 0
  const keys = await createKeysAtHand({
    ...keyring,
    async tokens() {
      asked++
      throw new LedgerError('key-unavailable', { problem: 'no answer' })
    },
  })
  const refused = ['p', 'q'].map((personal) => keys.fetch({ personal: [personal], scopes: [] }))
  for (const one of refused) await assert.rejects(one, { code: 'key-unavailable' })
  assert.equal(asked, 1)
})

test('nothing is at hand any more once the keyring is gone, and what was at hand stays where it only fails', async () => {
  const keyring = await newKeyring()
  let code: ErrorCode = 'store-unavailable'
  const keys = await createKeysAtHand({
    ...keyring,
    async tokens(personal) {
      if (personal.includes('q')) throw new LedgerError(code, { problem: 'no keyring' })
      return keyring.tokens(personal)
    },
  })
  await keys.fetch({ personal: ['p'], scopes: [SCOPE] })
  await assert.rejects(keys.fetch({ personal: ['q'], scopes: [] }), { code })
  assert.ok(keys.token('p') !== undefined && keys.scopeKey(SCOPE) !== undefined)
  code = 'missing-key'
  await assert.rejects(keys.fetch({ personal: ['q'], scopes: [] }), { code })
  assert.deepEqual([keys.token('p'), keys.scopeKey(SCOPE)], [undefined, undefined])
})
