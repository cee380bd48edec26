// Objects in a bucket of S3 (spec/object-stores.md §3). Where it has Object Lock, each is locked in compliance mode when it is written, and the lock is
// read back: what was not locked is not kept. The object of a key is its oldest version, so that neither a newer version nor a delete marker hides it.

import { equalBytes } from '../bytes/compare.ts'
import { type Clock, formatTimestamp, systemClock, type UnixMillis } from '../clock/clock.ts'
import { withinObject } from './byte-range.ts'
import { assertKeyPrefix, assertObjectKey, isObjectKey } from './object-key.ts'
import type { ObjectStore } from './object-store.ts'
import { checkedBody } from './s3-body.ts'
import { defaultS3Client, type S3Client, type S3Endpoint } from './s3-client.ts'
import { isRefusedByS3, s3ErrorName, s3Status, s3Unavailable } from './s3-errors.ts'
import { hasObjectLock, proveLock, readLock, retainUntil, type VersionPlace } from './s3-lock.ts'
import { type ListedVersion, listVersions, versionsOf } from './s3-versions.ts'
import {
  archiveUnavailable,
  assertObjectSize,
  lockRefused,
  noSuchObject,
  objectExists,
  objectLocked,
} from './store-errors.ts'

export interface S3Options extends S3Endpoint {
  readonly bucket: string
  /** What every key begins with, with its `/` at the end where it is to be a folder. */
  readonly prefix?: string
  /** Of one's own; it is closed with the store. Else one that finds its credentials as every tool of AWS does. */
  readonly client?: S3Client
  readonly clock?: Clock
}

/** How many places of objects are remembered: an object is read in many small ranges. */
const REMEMBERED = 4_096

export function s3Store(options: S3Options): ObjectStore {
  const { bucket, prefix = '', clock = systemClock } = options
  const where = `s3://${bucket}/${prefix}${options.endpoint === undefined ? '' : ` at ${new URL(options.endpoint).host}`}`
  const places = new Map<string, ListedVersion>()
  let opening: Promise<S3Client> | undefined
  let isLocking = false

  return {
    where,
    lockProof: () => said('prove a lock', async (client) => proveLock(client, bucket, `${prefix}.lock-proof`, clock)),
    async put(key, bytes, lockUntil) {
      assertObjectKey(key)
      assertObjectSize(key, bytes.length)
      await said(`keep ${key}`, async (client) => {
        const until = (await keepsLocks(client)) ? stillToCome(lockUntil) : undefined
        const found = await oldest(client, key)
        const written = found === undefined ? await putNew(client, key, bytes, until) : undefined
        const kept = found ?? (await oldest(client, key))
        if (kept === undefined)
          throw archiveUnavailable(`${where} said that it kept ${key}, and does not have it`, 'ask those who run it')
        // Not every server looks at If-None-Match: of two that put at once, the first is the one that counts.
        if (kept.versionId !== written) await assertKept(client, kept, key, bytes)
        if (until !== undefined) await lock(client, kept, key, until)
      })
    },
    async get(key, range) {
      assertObjectKey(key)
      return said(`read ${key}`, async (client) => (await read(client, key, range, true)).bytes)
    },
    async stat(key) {
      assertObjectKey(key)
      return said(`look at ${key}`, async (client) => {
        const found = await oldest(client, key)
        if (found === undefined) return undefined
        const kept = await readLock(client, placeOf(found))
        return { key, size: found.size, ...(kept?.mode === 'COMPLIANCE' ? { locked_until: kept.until } : {}) }
      })
    },
    async *list(asked) {
      assertKeyPrefix(asked)
      const client = await said('list', async (opened) => opened)
      let last: string | undefined
      const versions = listVersions(client, bucket, `${prefix}${asked}`)
      for (;;) {
        const { done, value } = await said('list', () => versions.next())
        if (done) return
        const key = value.key.slice(prefix.length)
        if (value.isDeleteMarker || key === last || !isObjectKey(key)) continue
        last = key
        yield key
      }
    },
    async extendLock(key, until) {
      assertObjectKey(key)
      await said(`lock ${key}`, async (client) => {
        const found = await oldest(client, key)
        if (found === undefined) throw noSuchObject(key, where)
        if (!(await keepsLocks(client))) throw lockRefused(key, where, 'the bucket has no Object Lock')
        if (stillToCome(until) !== undefined) await lock(client, found, key, until)
      })
    },
    async delete(key) {
      assertObjectKey(key)
      await said(`delete ${key}`, (client) => remove(client, key))
    },
    async close() {
      const opened = opening
      opening = undefined
      if (opened !== undefined) (await opened).destroy()
    },
  }

  /** The name of the version that was written; `undefined` where that is not known, or somebody else wrote. */
  async function putNew(client: S3Client, key: string, bytes: Uint8Array, until: UnixMillis | undefined) {
    const locked =
      until === undefined
        ? {}
        : ({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: retainUntil(until) } as const)
    try {
      const put = {
        Bucket: bucket,
        Key: `${prefix}${key}`,
        ...checkedBody(bytes),
        IfNoneMatch: '*',
        ...locked,
      } as const
      return (await client.putObject(put)).VersionId
    } catch (error) {
      // Somebody was quicker; or an answer was lost, and the SDK asked again.
      if ([409, 412].includes(s3Status(error) ?? 0)) return undefined
      throw error
    }
  }

  async function assertKept(client: S3Client, kept: ListedVersion, key: string, bytes: Uint8Array): Promise<void> {
    const isSame = kept.size === bytes.length && equalBytes(await bytesOf(client, kept, 0, kept.size), bytes)
    if (!isSame) throw objectExists(key, where)
  }

  /** @throws LedgerError `lock-refused` unless the lock was read back */
  async function lock(client: S3Client, version: ListedVersion, key: string, until: UnixMillis): Promise<void> {
    const place = placeOf(version)
    const before = await readLock(client, place)
    if (before?.mode === 'COMPLIANCE' && before.until >= until) return
    const end = retainUntil(Math.max(until, before?.until ?? 0))
    try {
      await client.putObjectRetention({ ...place, Retention: { Mode: 'COMPLIANCE', RetainUntilDate: end } })
    } catch (error) {
      if (isRefusedByS3(error)) throw lockRefused(key, where, s3ErrorName(error), error)
      throw error
    }
    const after = await readLock(client, place)
    if (after === undefined) throw lockRefused(key, where, 'the server took the lock, and has none')
    if (after.mode !== 'COMPLIANCE') throw lockRefused(key, where, `its mode is ${after.mode}`)
    if (after.until < until) throw lockRefused(key, where, `its lock ends at ${formatTimestamp(after.until)}`)
  }

  async function read(
    client: S3Client,
    key: string,
    range: Parameters<ObjectStore['get']>[1],
    mayRemember: boolean,
  ): Promise<{ readonly bytes: Uint8Array | undefined }> {
    const remembered = mayRemember ? places.get(key) : undefined
    const found = remembered ?? (await oldest(client, key))
    const { from, to } = withinObject(range, found?.size ?? 0)
    if (found === undefined) return { bytes: undefined }
    try {
      // Whether it is still there is asked in any case.
      if (from < to) return { bytes: await bytesOf(client, found, from, to) }
      if (remembered === undefined) return { bytes: new Uint8Array() }
    } catch (error) {
      if (s3Status(error) !== 404) throw error
      places.delete(key)
      if (remembered === undefined) return { bytes: undefined }
    }
    return read(client, key, range, false)
  }

  async function bytesOf(client: S3Client, version: ListedVersion, from: number, to: number): Promise<Uint8Array> {
    if (from === to) return new Uint8Array()
    const isWhole = from === 0 && to === version.size
    const { Body } = await client.getObject({
      ...placeOf(version),
      ...(isWhole ? {} : { Range: `bytes=${from}-${to - 1}` }),
    })
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
    if (bytes.length !== to - from) throw new Error(`${to - from} bytes were asked for, and ${bytes.length} came`)
    return bytes
  }

  async function remove(client: S3Client, key: string): Promise<void> {
    places.delete(key)
    const versions = await versionsOf(client, bucket, `${prefix}${key}`)
    for (const version of versions) await assertUnlocked(client, version, key, clock.now())
    // The oldest, which is the object, goes last.
    for (const version of versions) {
      try {
        await client.deleteObject(placeOf(version))
      } catch (error) {
        // Its clock is the one that counts.
        if (isRefusedByS3(error)) await assertUnlocked(client, version, key, 0)
        throw error
      }
    }
    if ((await oldest(client, key)) === undefined) return
    throw archiveUnavailable(`${where} said that it deleted ${key}, and still has it`, 'ask those who run it')
  }

  async function assertUnlocked(client: S3Client, version: ListedVersion, key: string, at: UnixMillis): Promise<void> {
    const kept = version.isDeleteMarker ? undefined : await readLock(client, placeOf(version))
    if (kept !== undefined && kept.until > at) throw objectLocked(key, where, `until ${formatTimestamp(kept.until)}`)
  }

  async function oldest(client: S3Client, key: string): Promise<ListedVersion | undefined> {
    const versions = await versionsOf(client, bucket, `${prefix}${key}`)
    const found = versions.findLast(({ isDeleteMarker }) => !isDeleteMarker)
    if (found === undefined) places.delete(key)
    else if (places.size < REMEMBERED || places.has(key)) places.set(key, found)
    else places.clear()
    return found
  }

  // A bucket that has Object Lock keeps it for good.
  async function keepsLocks(client: S3Client): Promise<boolean> {
    if (!isLocking) isLocking = await hasObjectLock(client, bucket)
    return isLocking
  }

  function stillToCome(until: UnixMillis | undefined): UnixMillis | undefined {
    return until !== undefined && until > clock.now() ? until : undefined
  }

  function placeOf({ key, versionId }: ListedVersion): VersionPlace {
    return { Bucket: bucket, Key: key, VersionId: versionId }
  }

  async function said<T>(doing: string, work: (client: S3Client) => Promise<T>): Promise<T> {
    try {
      opening ??= options.client === undefined ? defaultS3Client(options) : Promise.resolve(options.client)
      return await work(await opening)
    } catch (cause) {
      if (cause instanceof RangeError) throw cause
      throw s3Unavailable(doing, where, cause)
    }
  }
}
