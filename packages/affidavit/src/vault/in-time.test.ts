import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { createRandomSource } from '../crypto/random.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { memoryKeyWrapper } from '../testing/memory-key-wrapper.ts'
import { memoryKeyringStore } from '../testing/memory-keyring-store.ts'
import type { KeyringParts } from './generation.ts'
import type { KeyWrapper } from './key-wrapper.ts'
import { type Keyring, openKeyring } from './keyring.ts'
import type { Scope } from './keyring-rows.ts'
import type { KeyringStore } from './keyring-store.ts'

const SCOPE: Scope = { owner_kind: 'conversation', owner: 'c', retention_class: 'default', month: '2026-11' }
const SECRET = 'PIN 739184'

const NEVER = new Promise<never>(() => undefined)

/** The same object, one method of which does something else from now on. */
function changed<Seam extends object>(seam: Seam, method: keyof Seam, instead: () => Promise<unknown>): Seam {
  return Object.assign(Object.create(seam), { [method]: instead })
}

function partsOf(store: KeyringStore, wrapper: KeyWrapper): KeyringParts {
  return { store, wrapper, name: 'clinic.example/agents', random: createRandomSource(), patienceMillis: 20 }
}

interface Broken {
  readonly store?: keyof KeyringStore
  readonly wrapper?: keyof KeyWrapper
}

/** A keyring that is in order, opened with a part that breaks as told. */
async function brokenKeyring({ store: method, wrapper: act }: Broken, instead: () => Promise<unknown>) {
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  await openKeyring(partsOf(store, wrapper))
  let breaks = false
  const armed = <Seam extends object>(seam: Seam, name: keyof Seam): Seam => {
    const member: unknown = seam[name]
    if (typeof member !== 'function') throw new TypeError('no method')
    return { ...seam, [name]: (...args: unknown[]) => (breaks ? instead() : Reflect.apply(member, seam, args)) }
  }
  const keyring = await openKeyring(
    partsOf(method === undefined ? store : armed(store, method), act === undefined ? wrapper : armed(wrapper, act)),
  )
  const breakNow = (): void => {
    breaks = true
  }
  return { keyring, breakNow, honest: () => openKeyring(partsOf(store, wrapper)) }
}

const BROKEN: readonly [what: string, broken: Broken, ask: (keyring: Keyring) => Promise<unknown>][] = [
  ['the head', { store: 'head' }, (keyring) => keyring.generation()],
  ['looking rows up', { store: 'find' }, (keyring) => keyring.tokens(['p'])],
  ['adding rows', { store: 'add' }, (keyring) => keyring.scopeKeys([SCOPE])],
  ['rows by their keys', { store: 'byKeys' }, (keyring) => keyring.personalIds(['tok_a'])],
  ['rows by their owner', { store: 'byOwner' }, (keyring) => keyring.hasAny([SCOPE])],
  ['pages of rows', { store: 'page' }, (keyring) => keyring.turnOver()],
  ['putting rows aside', { store: 'stage' }, (keyring) => keyring.turnOver()],
  ['settling', { store: 'settle' }, (keyring) => keyring.turnOver().then(() => keyring.destroyRetired())],
  ['forgetting a version', { store: 'forget' }, (keyring) => keyring.turnOver().then(() => keyring.destroyRetired())],
  ['making a version', { wrapper: 'create' }, (keyring) => keyring.turnOver()],
  ['wrapping', { wrapper: 'wrap' }, (keyring) => keyring.turnOver()],
  ['unwrapping', { wrapper: 'unwrap' }, (keyring) => keyring.generation()],
  ['destroying', { wrapper: 'destroy' }, (keyring) => keyring.turnOver().then(() => keyring.destroyRetired())],
  ['listing versions', { wrapper: 'versions' }, (keyring) => keyring.ends()],
]

describe('what never answers is unavailable, and closing does not wait for it', () => {
  for (const [what, broken, ask] of BROKEN) {
    test(what, async () => {
      const { keyring, breakNow } = await brokenKeyring(broken, () => NEVER)
      breakNow()
      await assert.rejects(ask(keyring), { code: 'key-unavailable', message: /did not answer within/ })
      await keyring.close()
    })
  }

  for (const broken of [{ store: 'close' }, { wrapper: 'close' }] as const) {
    test(`closing the ${Object.keys(broken)}`, async () => {
      const { keyring, breakNow } = await brokenKeyring(broken, () => NEVER)
      breakNow()
      await keyring.close()
    })
  }

  test('opening', async () => {
    const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
    const silent = { ...wrapper, wrap: () => NEVER }
    await assert.rejects(openKeyring(partsOf(store, silent)), { code: 'key-unavailable' })
  })
})

describe('a failure in words of its own is told in ours, and quotes nothing', () => {
  for (const [what, broken, ask] of BROKEN) {
    test(what, async () => {
      const cause = new TypeError(SECRET)
      const { keyring, breakNow } = await brokenKeyring(broken, () => Promise.reject(cause))
      breakNow()
      const code = broken.store === undefined ? 'key-unavailable' : 'store-unavailable'
      const failure: unknown = await ask(keyring).catch((error: unknown) => error)
      assert.ok(failure instanceof LedgerError)
      assert.deepEqual([failure.code, failure.cause], [code, cause])
      assert.match(failure.message, /TypeError/)
      assert.doesNotMatch(failure.message, /739184/)
    })
  }

  test('what is no error at all', async () => {
    const { keyring, breakNow } = await brokenKeyring({ store: 'find' }, () => Promise.reject(SECRET))
    breakNow()
    await assert.rejects(keyring.tokens(['p']), { code: 'store-unavailable', problem: 'the keyring failed: no error' })
  })
})

test('removing the rows of a whole keyring may take longer than an answer', async (t) => {
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const begun = Promise.withResolvers<void>()
  const come = Promise.withResolvers<void>()
  const slow: KeyringStore = {
    ...store,
    async turnOver(turn) {
      begun.resolve()
      await come.promise
      return store.turnOver(turn)
    },
  }
  const keyring = await openKeyring({ ...partsOf(slow, wrapper), patienceMillis: 1_000 })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const turned = keyring.turnOver()
  await begun.promise
  t.mock.timers.tick(5_000)
  come.resolve()
  assert.equal((await turned).generation, 2)
})

test('an answer leaves no timer behind that would keep a process alive', async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length
  const before = timers()
  const keyring = await openKeyring(partsOf(memoryKeyringStore(), memoryKeyWrapper()))
  await keyring.tokens(['p'])
  await keyring.close()
  assert.equal(timers(), before)
})

test('a keeper of keys is let go of also where the store cannot be closed', async () => {
  let closed = 0
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const keyring = await openKeyring(
    partsOf(
      changed(store, 'close', () => Promise.reject(new Error('no'))),
      changed(wrapper, 'close', async () => {
        closed++
      }),
    ),
  )
  await assert.rejects(keyring.close(), { code: 'store-unavailable' })
  assert.equal(closed, 1)
})

test('a turn-over that happens after nobody waited for it any more opens', async () => {
  const [store, wrapper] = [memoryKeyringStore(), memoryKeyWrapper()]
  const come = Promise.withResolvers<void>()
  const happened = Promise.withResolvers<unknown>()
  const late: KeyringStore = {
    ...store,
    async turnOver(turn) {
      await come.promise
      const outcome = await store.turnOver(turn)
      happened.resolve(outcome)
      return outcome
    },
  }
  const keyring = await openKeyring({ ...partsOf(late, wrapper), patienceMillis: 2 })
  const [token] = await keyring.tokens(['p'])
  await assert.rejects(keyring.turnOver(), { code: 'key-unavailable' })
  come.resolve()
  assert.equal(await happened.promise, 'turned over')
  assert.equal(await keyring.generation(), 2)
  assert.equal(await keyring.tokenOf('p'), token)
})
