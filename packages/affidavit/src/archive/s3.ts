// A bucket of Amazon S3, or of what speaks like it (spec/object-stores.md §4). Only locks in mode COMPLIANCE are for good: those in mode GOVERNANCE are lifted by
// whoever has the permission.

import { type Clock, systemClock, type UnixMillis } from '../clock/clock.ts'
import type { Bucket, BucketVersion } from './bucket.ts'
import { bucketStore } from './bucket-store.ts'
import type { ObjectStore } from './object-store.ts'
import { checkedBody } from './s3-body.ts'
import { defaultS3Client, type S3Client, type S3Endpoint, type S3Version } from './s3-client.ts'
import { isRefusedByS3, s3Status, s3Unavailable, saysNoLock } from './s3-errors.ts'

export interface S3Options extends S3Endpoint {
  readonly bucket: string
  /** What every key begins with, with its `/` at the end where it is to be a folder. */
  readonly prefix?: string
  /** Of one's own; it is closed with the store. Else one that finds its credentials as every tool of AWS does. */
  readonly client?: S3Client
  readonly clock?: Clock
}

export function s3Store(options: S3Options): ObjectStore {
  const { bucket, prefix = '', endpoint, clock = systemClock } = options
  const at = endpoint === undefined ? '' : ` at ${new URL(endpoint).host}`
  return bucketStore(s3Bucket(bucket, `s3://${bucket}/${prefix}${at}`, options), prefix, clock)
}

function s3Bucket(Bucket: string, where: string, options: S3Options): Bucket {
  let opening: Promise<S3Client> | undefined

  function client(): Promise<S3Client> {
    opening ??= options.client === undefined ? defaultS3Client(options) : Promise.resolve(options.client)
    return opening
  }

  return {
    where,
    async whyNoLocks() {
      const { Status } = await (await client()).getBucketVersioning({ Bucket })
      if (Status !== 'Enabled') return `the bucket ${Bucket} keeps no versions`
      if (await hasObjectLock(await client(), Bucket)) return undefined
      return `the bucket ${Bucket} has no Object Lock, which is chosen when a bucket is made`
    },
    async *versions(Prefix) {
      let after: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {}
      while (after !== undefined) {
        const page = await (await client()).listObjectVersions({ Bucket, Prefix, ...after })
        const markers = (page.DeleteMarkers ?? []).map((version) => listed(version, true))
        const versions = (page.Versions ?? []).map((version) => listed(version, false))
        // Both kinds are answered apart. What is a marker needs no place among the versions of its name.
        yield* [...markers, ...versions].sort(byName)
        after = page.IsTruncated === true ? following(page.NextKeyMarker, page.NextVersionIdMarker) : undefined
      }
    },
    async write(Key, bytes, lockUntil) {
      const lock =
        lockUntil === undefined
          ? {}
          : ({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: wholeSecond(lockUntil) } as const)
      try {
        const put = { Bucket, Key, ...checkedBody(bytes), IfNoneMatch: '*', ...lock } as const
        return (await (await client()).putObject(put)).VersionId
      } catch (error) {
        // Somebody was quicker; or an answer was lost, and the SDK asked again.
        if ([409, 412].includes(s3Status(error) ?? 0)) return undefined
        throw error
      }
    },
    async read(version, from, to) {
      const Range = from === 0 && to === version.size ? {} : { Range: `bytes=${from}-${to - 1}` }
      try {
        const { Body } = await (await client()).getObject({ ...placeOf(version), ...Range })
        return (await Body?.transformToByteArray()) ?? new Uint8Array()
      } catch (error) {
        if (s3Status(error) === 404) return undefined
        throw error
      }
    },
    async lockOf(version) {
      try {
        const { Retention } = await (await client()).getObjectRetention(placeOf(version))
        const until = Retention?.RetainUntilDate?.getTime()
        if (Retention?.Mode === undefined || until === undefined || Number.isNaN(until)) return undefined
        return { isForGood: Retention.Mode === 'COMPLIANCE', mode: Retention.Mode, until }
      } catch (error) {
        if (saysNoLock(error)) return undefined
        throw error
      }
    },
    lock: (version, until) => lock(version, until, {}),
    delete: (version) => remove(version, {}),
    byForce: {
      lock: (version, until) => lock(version, until, { BypassGovernanceRetention: true }),
      delete: (version) => remove(version, { BypassGovernanceRetention: true }),
    },
    isRefusal: isRefusedByS3,
    unavailable: (doing, cause) => s3Unavailable(doing, where, cause),
    async close() {
      const opened = opening
      opening = undefined
      if (opened !== undefined) (await opened).destroy()
    },
  }

  async function lock(version: BucketVersion, until: UnixMillis, how: Force): Promise<void> {
    const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: wholeSecond(until) } as const
    await (await client()).putObjectRetention({ ...placeOf(version), Retention, ...how })
  }

  async function remove(version: BucketVersion, how: Force): Promise<void> {
    await (await client()).deleteObject({ ...placeOf(version), ...how })
  }

  function placeOf({ name, version }: BucketVersion) {
    return { Bucket, Key: name, VersionId: version }
  }
}

type Force = { readonly BypassGovernanceRetention?: true }

async function hasObjectLock(client: S3Client, Bucket: string): Promise<boolean> {
  try {
    const { ObjectLockConfiguration } = await client.getObjectLockConfiguration({ Bucket })
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  } catch (error) {
    // Servers without locks do not know the question.
    if (saysNoLock(error) || [405, 501].includes(s3Status(error) ?? 0)) return false
    throw error
  }
}

function listed({ Key, VersionId, Size }: S3Version, isDeleteMarker: boolean): BucketVersion {
  // A bucket that keeps no versions may leave the name of its only one away.
  return { name: Key ?? '', version: VersionId ?? 'null', size: Size ?? 0, isDeleteMarker }
}

function byName(a: BucketVersion, b: BucketVersion): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}

function following(KeyMarker: string | undefined, version: string | undefined) {
  if (KeyMarker === undefined) throw new Error('a list was cut off without saying where it goes on')
  return { KeyMarker, ...(version === undefined ? {} : { VersionIdMarker: version }) }
}

/** Never early: not every server keeps more than the second. */
function wholeSecond(until: UnixMillis): Date {
  return new Date(Math.ceil(until / 1_000) * 1_000)
}
