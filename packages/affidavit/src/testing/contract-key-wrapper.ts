// What every KeyWrapper promises (vault/key-wrapper.ts), as tests: run it on a wrapper of your own.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'

import { LedgerError } from '../errors/ledger-error.ts'
import type { KeyWrapper } from '../vault/key-wrapper.ts'

/** A place where keys are kept, empty at first. `open` can be called again: the place is the same. */
export interface KeyPlace {
  open(): Promise<KeyWrapper>
  cleanup(): Promise<void>
}

const CONTEXT = 'contract.example/agents generation 1'

/** Runs the contract of the KeyWrapper seam, under node:test, each test in a fresh place. */
export function keyWrapperContract(name: string, makePlace: () => Promise<KeyPlace>): void {
  async function inPlace(work: (open: () => Promise<KeyWrapper>) => Promise<void>): Promise<void> {
    const place = await makePlace()
    const opened: KeyWrapper[] = []
    try {
      await work(async () => {
        const wrapper = await place.open()
        opened.push(wrapper)
        return wrapper
      })
    } finally {
      for (const wrapper of opened) await wrapper.close()
      await place.cleanup()
    }
  }

  describe(`${name} keeps the contract of a key wrapper`, () => {
    describe('wrapping', () => wrapping(inPlace))
    describe('versions', () => versions(inPlace))
    describe('destroying', () => destroying(inPlace))
  })
}

type InPlace = (work: (open: () => Promise<KeyWrapper>) => Promise<void>) => Promise<void>

function wrapping(inPlace: InPlace): void {
  test('what is wrapped is unwrapped, also after reopening', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const key = randomBytes(32)
      const wrapped = await wrapper.wrap(version, key, CONTEXT)
      assert.deepEqual(Buffer.from(await wrapper.unwrap(version, wrapped, CONTEXT)), key)
      await wrapper.close()
      assert.deepEqual(Buffer.from(await (await open()).unwrap(version, wrapped, CONTEXT)), key)
    }))

  test('the wrapped bytes do not show the key, and are different each time', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const key = randomBytes(32)
      const [one, two] = [await wrapper.wrap(version, key, CONTEXT), await wrapper.wrap(version, key, CONTEXT)]
      assert.notDeepEqual(one, two)
      for (const wrapped of [one, two]) assert.ok(!Buffer.from(wrapped).includes(key))
    }))

  test('another context is refused, and so is another version', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const other = await wrapper.create()
      const wrapped = await wrapper.wrap(version, randomBytes(32), CONTEXT)
      for (const context of [`${CONTEXT}0`, CONTEXT.toUpperCase(), ` ${CONTEXT}`, `${CONTEXT}\n`]) {
        await assert.rejects(wrapper.unwrap(version, wrapped, context), hasCode('wrong-key'))
      }
      await assert.rejects(wrapper.unwrap(other, wrapped, CONTEXT), hasCode('wrong-key'))
    }))

  test('a flipped bit anywhere, a byte more or less, or nothing at all is refused', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const wrapped = await wrapper.wrap(version, randomBytes(32), CONTEXT)
      for (const altered of alterations(wrapped)) {
        await assert.rejects(wrapper.unwrap(version, altered, CONTEXT), hasCode('wrong-key'))
      }
    }))

  test('keys of other lengths are not wrapped, nor is anything without a context', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      for (const length of [0, 16, 31, 33, 64, 4096]) {
        await assert.rejects(wrapper.wrap(version, randomBytes(length), CONTEXT), /unreachable: a key of/)
      }
      for (const context of ['', 'x'.repeat(1025), 'lone \ud800']) {
        await assert.rejects(wrapper.wrap(version, randomBytes(32), context), /unreachable: a context of/)
        await assert.rejects(wrapper.unwrap(version, randomBytes(61), context), /unreachable: a context of/)
      }
    }))

  test('a context may be as long as 1024 bytes, of any script', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const key = randomBytes(32)
      for (const context of ['x'.repeat(1024), 'é'.repeat(512), 'Μητρώο 台帳 🗝']) {
        const wrapped = await wrapper.wrap(version, key, context)
        assert.deepEqual(Buffer.from(await wrapper.unwrap(version, wrapped, context)), key)
      }
    }))
}

function versions(inPlace: InPlace): void {
  test('a new place has none', () =>
    inPlace(async (open) => {
      assert.deepEqual(await (await open()).versions(), [])
    }))

  test('they are listed in the order of creation, and are there after reopening', () =>
    inPlace(async (open) => {
      const created: string[] = []
      for (let i = 0; i < 12; i++) {
        const wrapper = await open()
        created.push(await wrapper.create())
        await wrapper.close()
      }
      const usable = created.map((version) => ({ version, state: 'usable' }))
      assert.deepEqual(await (await open()).versions(), usable)
      assert.equal(new Set(created).size, created.length)
    }))

  test('one that was created and never used is merely unused', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const used = await wrapper.create()
      const key = randomBytes(32)
      const wrapped = await wrapper.wrap(used, key, CONTEXT)
      await wrapper.create()
      assert.deepEqual(Buffer.from(await wrapper.unwrap(used, wrapped, CONTEXT)), key)
    }))

  test('two that are created at once are two', () =>
    inPlace(async (open) => {
      const [one, two] = [await open(), await open()]
      const created = await Promise.all([one.create(), two.create(), one.create()])
      assert.equal(new Set(created).size, 3)
      const listed = await two.versions()
      assert.deepEqual(listed.map(({ version }) => version).sort(), created.toSorted())
    }))

  test('a name that no keeper gives is unavailable, and is not destroyed by naming it', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const wrapped = await wrapper.wrap(version, randomBytes(32), CONTEXT)
      for (const unknown of ['', '../../etc/passwd', `${version}\n`, ` ${version}`, 'é']) {
        const refused = hasCode('key-unavailable')
        await assert.rejects(wrapper.unwrap(unknown, wrapped, CONTEXT), refused)
        await assert.rejects(wrapper.wrap(unknown, randomBytes(32), CONTEXT), refused)
        await assert.rejects(wrapper.destroy(unknown), refused)
      }
      assert.deepEqual(await wrapper.versions(), [{ version, state: 'usable' }])
    }))

  // A keeper that forgets what it destroyed cannot tell such a name from one that is gone for good.
  test('a version that never was opens nothing', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const wrapped = await wrapper.wrap(version, randomBytes(32), CONTEXT)
      const unknown = version.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))
      const refused = hasCode('key-unavailable', 'key-destroyed')
      await assert.rejects(wrapper.unwrap(unknown, wrapped, CONTEXT), refused)
      await assert.rejects(wrapper.wrap(unknown, randomBytes(32), CONTEXT), refused)
      assert.deepEqual(await wrapper.versions(), [{ version, state: 'usable' }])
    }))
}

function destroying(inPlace: InPlace): void {
  test('a destroyed version opens nothing any more, also after reopening; the others do', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const doomed = await wrapper.create()
      const kept = await wrapper.create()
      const key = randomBytes(32)
      const under = { doomed: await wrapper.wrap(doomed, key, CONTEXT), kept: await wrapper.wrap(kept, key, CONTEXT) }
      const other = await open()
      await wrapper.destroy(doomed)
      for (const place of [wrapper, other, await open()]) {
        await assert.rejects(place.unwrap(doomed, under.doomed, CONTEXT), hasCode('key-destroyed'))
        await assert.rejects(place.wrap(doomed, key, CONTEXT), hasCode('key-destroyed'))
        assert.deepEqual(Buffer.from(await place.unwrap(kept, under.kept, CONTEXT)), key)
      }
    }))

  test('destroying again is answered again, and the list says the same', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const version = await wrapper.create()
      const first = await wrapper.destroy(version)
      assert.deepEqual(await wrapper.destroy(version), first)
      const again = await open()
      assert.deepEqual(await again.destroy(version), first)
      const state = first === 'destroyed' ? { state: 'destroyed' } : { state: 'destroying', until: first.until }
      assert.deepEqual(await again.versions(), [{ version, ...state }])
    }))

  test('a name is never given again', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      const first = await wrapper.create()
      await wrapper.destroy(first)
      const second = await wrapper.create()
      assert.notEqual(second, first)
      assert.deepEqual(
        (await wrapper.versions()).map(({ version }) => version),
        [first, second],
      )
    }))

  test('closing again does nothing', () =>
    inPlace(async (open) => {
      const wrapper = await open()
      await wrapper.create()
      await wrapper.close()
      await wrapper.close()
    }))
}

function alterations(wrapped: Uint8Array): Uint8Array[] {
  const flipped = Array.from({ length: wrapped.length * 8 }, (_, bit) => {
    const altered = Uint8Array.from(wrapped)
    altered[bit >> 3] = (altered[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    return altered
  })
  const longer = Uint8Array.from([...wrapped, ...new Uint8Array(8192)])
  return [
    ...flipped,
    longer,
    Uint8Array.from([...wrapped, 0]),
    wrapped.slice(0, -1),
    wrapped.slice(1),
    new Uint8Array(0),
  ]
}

function hasCode(...codes: readonly LedgerError['code'][]): (error: unknown) => boolean {
  return (error) => error instanceof LedgerError && codes.includes(error.code)
}
