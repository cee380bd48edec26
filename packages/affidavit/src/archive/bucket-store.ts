// Objects in a bucket (spec/object-stores.md §3). Where it can, each is locked when it is written, and the lock is read back: what was not locked is not kept.
// The object of a key is its oldest version, so that neither a newer one nor a delete marker hides it.

import { equalBytes } from '../bytes/compare.ts'
import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { Bucket, BucketVersion } from './bucket.ts'
import { withinObject } from './byte-range.ts'
import { probeLock } from './lock-probe.ts'
import { assertKeyPrefix, assertObjectKey, isObjectKey } from './object-key.ts'
import type { ByteRange, ObjectStore } from './object-store.ts'
import {
  archiveUnavailable,
  assertObjectSize,
  lockRefused,
  noSuchObject,
  objectExists,
  objectLocked,
} from './store-errors.ts'
import { versionsOf } from './versions-of.ts'

/** How many objects' places are remembered: an object is read in many small ranges. */
const REMEMBERED = 4_096

/** @param prefix what the name of every object begins with; no key, as keys do not begin so, is `.lock-proof` behind it */
export function bucketStore(bucket: Bucket, prefix: string, clock: Clock): ObjectStore {
  const { where } = bucket
  const places = new Map<string, BucketVersion>()
  let isLocking = false

  return {
    where,
    lockProof: () => said('prove a lock', () => probeLock(bucket, `${prefix}.lock-proof`, clock)),
    async put(key, bytes, lockUntil) {
      assertObjectKey(key)
      assertObjectSize(key, bytes.length)
      await said(`keep ${key}`, async () => {
        const until = (await whyNoLocks()) === undefined ? stillToCome(lockUntil) : undefined
        const found = await oldest(key)
        const written = found === undefined ? await bucket.write(`${prefix}${key}`, bytes, until) : undefined
        const kept = found ?? (await oldest(key))
        if (kept === undefined) throw contradicted(`it kept ${key}, and does not have it`)
        // Of two that write at once, the first is the one that counts.
        if (kept.version !== written) await assertSame(kept, key, bytes)
        if (until !== undefined) await lock(kept, key, until)
      })
    },
    async get(key, range) {
      assertObjectKey(key)
      return said(`read ${key}`, () => read(key, range))
    },
    async stat(key) {
      assertObjectKey(key)
      return said(`look at ${key}`, async () => {
        const found = await oldest(key)
        if (found === undefined) return undefined
        const kept = await bucket.lockOf(found)
        return { key, size: found.size, ...(kept?.isForGood ? { locked_until: kept.until } : {}) }
      })
    },
    async *list(asked) {
      assertKeyPrefix(asked)
      const versions = bucket.versions(`${prefix}${asked}`)
      for (let last = ''; ; ) {
        const { done, value } = await said('list', () => versions.next())
        if (done) return
        const key = value.name.slice(prefix.length)
        if (value.isDeleteMarker || key === last || !isObjectKey(key)) continue
        last = key
        yield key
      }
    },
    async extendLock(key, until) {
      assertObjectKey(key)
      await said(`lock ${key}`, async () => {
        const found = await oldest(key)
        if (found === undefined) throw noSuchObject(key, where)
        const why = await whyNoLocks()
        if (why !== undefined) throw lockRefused(key, where, why)
        if (stillToCome(until) !== undefined) await lock(found, key, until)
      })
    },
    async delete(key) {
      assertObjectKey(key)
      await said(`delete ${key}`, () => remove(key))
    },
    close: () => bucket.close(),
  }

  async function assertSame(kept: BucketVersion, key: string, bytes: Uint8Array): Promise<void> {
    const there = kept.size === bytes.length ? await bytesOf(kept, 0, kept.size) : undefined
    if (there === undefined || !equalBytes(there, bytes)) throw objectExists(key, where)
  }

  /** @throws LedgerError `lock-refused` unless the lock was read back */
  async function lock(version: BucketVersion, key: string, until: UnixMillis): Promise<void> {
    const before = await bucket.lockOf(version)
    if (before?.isForGood && before.until >= until) return
    try {
      await bucket.lock(version, Math.max(until, before?.until ?? 0))
    } catch (error) {
      if (bucket.isRefusal(error)) throw lockRefused(key, where, bucket.unavailable('lock it', error).problem, error)
      throw error
    }
    const after = await bucket.lockOf(version)
    if (after === undefined) throw lockRefused(key, where, 'the lock was taken, and is not there')
    if (!after.isForGood) throw lockRefused(key, where, `its mode is ${after.mode}`)
    if (after.until < until) throw lockRefused(key, where, `its lock ends at ${formatTimestamp(after.until)}`)
  }

  async function read(key: string, range: ByteRange | undefined): Promise<Uint8Array | undefined> {
    const remembered = places.get(key)
    if (remembered !== undefined) {
      const { from, to } = withinObject(range, remembered.size)
      const bytes = from === to ? undefined : await bytesOf(remembered, from, to)
      if (bytes !== undefined) return bytes
    }
    const found = await oldest(key)
    const { from, to } = withinObject(range, found?.size ?? 0)
    return found && bytesOf(found, from, to)
  }

  async function bytesOf(version: BucketVersion, from: number, to: number): Promise<Uint8Array | undefined> {
    if (from === to) return new Uint8Array()
    const bytes = await bucket.read(version, from, to)
    if (bytes !== undefined && bytes.length !== to - from)
      throw new Error(`${to - from} bytes were asked for, and ${bytes.length} came`)
    return bytes
  }

  async function remove(key: string): Promise<void> {
    const versions = await versionsOf(bucket, `${prefix}${key}`)
    for (const version of versions) await assertUnlocked(version, key, clock.now())
    // The oldest, which is the object, goes last.
    for (const version of versions) {
      try {
        await bucket.delete(version)
      } catch (error) {
        // The clock of the service is the one that counts.
        if (bucket.isRefusal(error)) await assertUnlocked(version, key, 0)
        throw error
      }
    }
    if ((await oldest(key)) !== undefined) throw contradicted(`it deleted ${key}, and still has it`)
  }

  async function assertUnlocked(version: BucketVersion, key: string, at: UnixMillis): Promise<void> {
    const kept = version.isDeleteMarker ? undefined : await bucket.lockOf(version)
    if (kept !== undefined && kept.until > at) throw objectLocked(key, where, `until ${formatTimestamp(kept.until)}`)
  }

  async function oldest(key: string): Promise<BucketVersion | undefined> {
    const versions = await versionsOf(bucket, `${prefix}${key}`)
    const found = versions.findLast(({ isDeleteMarker }) => !isDeleteMarker)
    places.delete(key)
    if (places.size >= REMEMBERED) places.clear()
    if (found !== undefined) places.set(key, found)
    return found
  }

  // What has locks keeps them.
  async function whyNoLocks(): Promise<string | undefined> {
    const why = isLocking ? undefined : await bucket.whyNoLocks()
    isLocking = why === undefined
    return why
  }

  function stillToCome(until: UnixMillis | undefined): UnixMillis | undefined {
    return until !== undefined && until > clock.now() ? until : undefined
  }

  function contradicted(claim: string): Error {
    return archiveUnavailable(`${where} said that ${claim}`, 'ask those who run it; nothing rests on this object')
  }

  async function said<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      if (cause instanceof RangeError) throw cause
      throw bucket.unavailable(doing, cause)
    }
  }
}
