// What every ObjectStore promises (archive/object-store.ts), as tests: run it on a store of your own.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'

import type { ObjectStore } from '../archive/object-store.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { listedKeys } from './listed-keys.ts'

/** A place for objects, empty at first. `open` can be called again: the place is the same. */
export interface ObjectPlace {
  open(): ObjectStore
  /** What its store is to say of its locks. */
  readonly proof: 'compliance' | 'none'
  /** Whether it refuses to delete what is locked, proven or not. */
  readonly locks: boolean
  now(): UnixMillis
  /** Lets so much time go by; without it, what is promised of locks that have ended is not tried. */
  readonly pass?: (millis: number) => void
  cleanup(): Promise<void>
}

const DAY = 86_400_000

/** Runs the contract of the ObjectStore seam, under node:test, each test in a fresh place. */
export function objectStoreContract(name: string, makePlace: () => Promise<ObjectPlace>): void {
  const inPlace: InPlace = async (work) => {
    const place = await makePlace()
    const opened: ObjectStore[] = []
    const open = (): ObjectStore => {
      const store = place.open()
      opened.push(store)
      return store
    }
    try {
      await work(open(), place, open)
    } finally {
      for (const store of opened) await store.close()
      await place.cleanup()
    }
  }

  describe(`${name} keeps the contract of an object store`, () => {
    describe('keeping', () => keeping(inPlace))
    describe('reading', () => reading(inPlace))
    describe('names', () => names(inPlace))
    describe('deleting', () => deleting(inPlace))
    describe('locks', () => locks(inPlace))
  })
}

type InPlace = (
  work: (store: ObjectStore, place: ObjectPlace, open: () => ObjectStore) => Promise<void>,
) => Promise<void>

function keeping(inPlace: InPlace): void {
  for (const size of [0, 1, 300_000]) {
    test(`${size} bytes are got back as they were put, by whoever opens it anew`, () =>
      inPlace(async (store, _, open) => {
        const bytes = randomBytes(size)
        await store.put('segments/one.seg', bytes)
        assert.deepEqual(await bytesOf(store, 'segments/one.seg'), bytes)
        await store.close()
        const again = open()
        assert.deepEqual(await bytesOf(again, 'segments/one.seg'), bytes)
        assert.deepEqual(await again.stat('segments/one.seg'), { key: 'segments/one.seg', size })
      }))
  }

  test('the same bytes, put again, are kept once', () =>
    inPlace(async (store, _, open) => {
      for (const who of [store, store, open()]) await who.put('a/b', Buffer.from('same'))
      assert.deepEqual(await listedKeys(store), ['a/b'])
      await store.delete('a/b')
      assert.equal(await store.get('a/b'), undefined)
    }))

  test('other bytes are refused, and those that are there stay', () =>
    inPlace(async (store, { now }, open) => {
      await store.put('a/b', Buffer.from('first'))
      for (const other of ['secnd', 'first and more', 'firs', '']) {
        await assert.rejects(open().put('a/b', Buffer.from(other), now() + DAY), refusal('object-exists'))
      }
      assert.deepEqual(await bytesOf(store, 'a/b'), Buffer.from('first'))
      assert.deepEqual(await store.stat('a/b'), { key: 'a/b', size: 5 })
    }))

  test('of several that put at once, all those succeed whose bytes are there', () =>
    inPlace(async (_, __, open) => {
      const texts = ['one', 'two', 'one', 'six']
      const outcomes = await Promise.allSettled(texts.map((text) => open().put('a/b', Buffer.from(text))))
      const kept = (await bytesOf(open(), 'a/b')).toString()
      assert.deepEqual(
        outcomes.map(({ status }) => status),
        texts.map((text) => (text === kept ? 'fulfilled' : 'rejected')),
      )
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') assert.ok(refusal('object-exists')(outcome.reason))
      }
    }))

  test('bytes are the caller’s own: what it does to them later changes nothing', () =>
    inPlace(async (store) => {
      const bytes = Buffer.from('mine')
      await store.put('a/b', bytes)
      bytes.fill(0)
      const got = await bytesOf(store, 'a/b')
      assert.equal(got.toString(), 'mine')
      got.fill(0)
      assert.equal((await bytesOf(store, 'a/b')).toString(), 'mine')
    }))
}

function reading(inPlace: InPlace): void {
  test('a range is what of it lies in the object', () =>
    inPlace(async (store) => {
      await store.put('a/b', Buffer.from('0123456789'))
      const ranges: readonly [from: number, to: number, got: string][] = [
        [0, 10, '0123456789'],
        [0, 1, '0'],
        [3, 7, '3456'],
        [9, 10, '9'],
        [8, 99, '89'],
        [4, 4, ''],
        [10, 12, ''],
        [99, 100, ''],
      ]
      for (const [from, to, got] of ranges) {
        assert.equal(Buffer.from((await store.get('a/b', { from, to })) ?? [1]).toString(), got, `${from} to ${to}`)
      }
      for (const [from, to] of [
        [-1, 3],
        [3, 2],
        [0.5, 3],
        [0, Number.NaN],
      ] as const) {
        await assert.rejects(store.get('a/b', { from, to }), RangeError)
      }
    }))

  test('what was never put is not there, and nobody is refused for asking', () =>
    inPlace(async (store) => {
      await store.put('a/b', Buffer.from('x'))
      for (const key of ['a', 'a/c', 'a/b/c', 'b', 'a/b.x']) {
        assert.equal(await store.get(key), undefined, key)
        assert.equal(await store.get(key, { from: 0, to: 1 }), undefined, key)
        assert.equal(await store.stat(key), undefined, key)
        await store.delete(key)
      }
      assert.deepEqual(await listedKeys(store), ['a/b'])
    }))

  test('keys are listed in the order of their bytes, by what they begin with', () =>
    inPlace(async (store) => {
      const keys = ['a-b', 'a.b', 'a/b', 'a/b-c', 'a/c/d', 'a0', 'ab', 'b', 'segments/0.json', 'segments/0.seg']
      for (const key of keys.toReversed()) await store.put(key, Buffer.from(key))
      assert.deepEqual(await listedKeys(store), keys)
      for (const prefix of ['a', 'a/', 'a/b', 'a/c', 'segments/', 'segments/0.s', 'z', 'z/z']) {
        const wanted = keys.filter((key) => key.startsWith(prefix))
        assert.deepEqual(await listedKeys(store, prefix), wanted, prefix)
      }
    }))
}

const NO_KEYS = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/./b', '.a', 'a/.b', 'A', 'a b', 'a\\b']
const MORE_NO_KEYS = ['a\0', 'a\n', 'ä', 'a%2e', '-a', '_a', 'a?b', 'a*', 'a:b', 'x'.repeat(201), 'x/'.repeat(256)]

function names(inPlace: InPlace): void {
  test('a name that could lead elsewhere is refused', () =>
    inPlace(async (store, { now }) => {
      for (const key of [...NO_KEYS, ...MORE_NO_KEYS]) {
        const refused = refusal('invalid-query')
        await assert.rejects(store.put(key, Buffer.from('x')), refused, JSON.stringify(key))
        await assert.rejects(store.get(key), refused)
        await assert.rejects(store.stat(key), refused)
        await assert.rejects(store.extendLock(key, now() + DAY), refused)
        await assert.rejects(store.delete(key), refused)
      }
      for (const prefix of ['/', '..', '../', 'a/../', '.', 'A', 'a//', 'ä'])
        await assert.rejects(listedKeys(store, prefix), refusal('invalid-query'), prefix)
      assert.deepEqual(await listedKeys(store), [])
    }))

  test('the longest names are names', () =>
    inPlace(async (store) => {
      const part = `x${'._-'.repeat(66)}z`
      for (const key of [part, `${part}/${part}/${'y'.repeat(110)}`]) {
        await store.put(key, Buffer.from(key), undefined)
        assert.equal((await bytesOf(store, key)).toString(), key)
        await store.delete(key)
      }
    }))
}

function deleting(inPlace: InPlace): void {
  test('what is deleted is gone for everybody, and its name can be given to other bytes', () =>
    inPlace(async (store, _, open) => {
      await store.put('a/b', Buffer.from('first'))
      await store.delete('a/b')
      await store.delete('a/b')
      assert.equal(await open().get('a/b'), undefined)
      assert.equal(await store.stat('a/b'), undefined)
      assert.deepEqual(await listedKeys(store), [])
      await store.put('a/b', Buffer.from('second'))
      assert.equal((await bytesOf(store, 'a/b')).toString(), 'second')
    }))
}

function locks(inPlace: InPlace): void {
  test('it says whether its locks are proven, and why, each time it is asked', () =>
    inPlace(async (store, { proof }) => {
      for (let again = 0; again < 2; again++) {
        const said = await store.lockProof()
        assert.equal(said.lock, proof)
        assert.notEqual(said.lock === 'none' ? said.because : said.by, '')
      }
      assert.deepEqual(await listedKeys(store), [])
    }))

  test('a locked object is not deleted, nor overwritten, by anybody', () =>
    inPlace(async (store, { locks, now }, open) => {
      const until = now() + DAY + 1
      await store.put('a/b', Buffer.from('locked'), until)
      if (!locks) return assert.equal((await store.stat('a/b'))?.locked_until, undefined)
      assert.ok(await isLockedUntil(store, until))
      for (const who of [store, open()]) {
        await assert.rejects(who.delete('a/b'), refusal('object-locked'))
        await assert.rejects(who.put('a/b', Buffer.from('other')), refusal('object-exists'))
      }
      assert.equal((await bytesOf(store, 'a/b')).toString(), 'locked')
      assert.ok(await isLockedUntil(store, until))
    }))

  test('a lock is extended, by itself or with the same bytes again, and never shortened', () =>
    inPlace(async (store, { locks, now }, open) => {
      const at = now()
      await store.put('a/b', Buffer.from('x'))
      if (!locks) return assert.rejects(store.extendLock('a/b', at + DAY), refusal('lock-refused'))
      const steps: readonly [work: (until: UnixMillis) => Promise<void>, asked: number, is: number][] = [
        [(until) => store.extendLock('a/b', until), 1, 1],
        [(until) => store.put('a/b', Buffer.from('x'), until), 3, 3],
        [(until) => open().put('a/b', Buffer.from('x'), until), 2, 3],
        [(until) => store.extendLock('a/b', until), 2, 3],
        [(until) => store.extendLock('a/b', until), -1, 3],
        [() => store.put('a/b', Buffer.from('x')), 0, 3],
        [(until) => open().extendLock('a/b', until), 4, 4],
      ]
      for (const [work, asked, is] of steps) {
        await work(at + asked * DAY)
        assert.ok(await isLockedUntil(store, at + is * DAY), `${asked} days`)
      }
      await assert.rejects(store.delete('a/b'), refusal('object-locked'))
    }))

  test('what is not there is not locked', () =>
    inPlace(async (store, { now }) => {
      await assert.rejects(store.extendLock('a/b', now() + DAY), refusal('not-found'))
      assert.equal(await store.stat('a/b'), undefined)
    }))

  test('a lock that has ended before it began is none', () =>
    inPlace(async (store, { now }) => {
      await store.put('a/b', Buffer.from('x'), now() - DAY)
      assert.deepEqual(await store.stat('a/b'), { key: 'a/b', size: 1 })
      await store.delete('a/b')
      assert.equal(await store.get('a/b'), undefined)
    }))

  test('a lock that has ended holds nobody', () =>
    inPlace(async (store, { locks, now, pass }) => {
      if (!locks || pass === undefined) return
      await store.put('a/b', Buffer.from('x'), now() + DAY)
      pass(DAY - 1)
      await assert.rejects(store.delete('a/b'), refusal('object-locked'))
      pass(2_000)
      await store.delete('a/b')
      assert.equal(await store.get('a/b'), undefined)
      await store.put('a/b', Buffer.from('y'))
      assert.deepEqual(await store.stat('a/b'), { key: 'a/b', size: 1 })
    }))
}

/** Stores keep the ends of locks to the second, at best: never early. */
async function isLockedUntil(store: ObjectStore, until: UnixMillis): Promise<boolean> {
  const found = (await store.stat('a/b'))?.locked_until
  return found !== undefined && found >= until && found < until + 1_000
}

async function bytesOf(store: ObjectStore, key: string): Promise<Buffer> {
  const bytes = await store.get(key)
  assert.ok(bytes !== undefined, `${key} is not there`)
  return Buffer.from(bytes)
}

function refusal(code: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LedgerError, String(error))
    assert.equal(error.code, code, error.message)
    return true
  }
}
