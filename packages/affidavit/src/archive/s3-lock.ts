// Locks in S3: what is told to a version, and read back from it (spec/object-stores.md §3). Only mode COMPLIANCE counts: that of GOVERNANCE is lifted
// by whoever has the permission.

import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import type { LockProof } from './object-store.ts'
import { checkedBody } from './s3-body.ts'
import type { S3Client } from './s3-client.ts'
import { isRefusedByS3, s3ErrorName, s3Status, saysNoLock } from './s3-errors.ts'
import { versionsOf } from './s3-versions.ts'

export interface VersionPlace {
  readonly Bucket: string
  readonly Key: string
  readonly VersionId: string
}

export interface KeptLock {
  readonly mode: string
  readonly until: UnixMillis
}

/** The lock that stands on a version, of whichever mode, perhaps one that has ended. */
export async function readLock(client: S3Client, place: VersionPlace): Promise<KeptLock | undefined> {
  try {
    const { Retention } = await client.getObjectRetention(place)
    const until = Retention?.RetainUntilDate?.getTime()
    if (Retention?.Mode === undefined || until === undefined || Number.isNaN(until)) return undefined
    return { mode: Retention.Mode, until }
  } catch (error) {
    if (saysNoLock(error)) return undefined
    throw error
  }
}

/** Whether the bucket was made to keep locks. */
export async function hasObjectLock(client: S3Client, bucket: string): Promise<boolean> {
  try {
    const { ObjectLockConfiguration } = await client.getObjectLockConfiguration({ Bucket: bucket })
    return ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
  } catch (error) {
    // Servers without locks do not know the question.
    if (saysNoLock(error) || [405, 501].includes(s3Status(error) ?? 0)) return false
    throw error
  }
}

/** To whole seconds, and never early: not every server keeps more. */
export function retainUntil(until: UnixMillis): Date {
  return new Date(Math.ceil(until / 1_000) * 1_000)
}

const PROBE_MILLIS = 3_600_000
const STILL_LOCKED_MILLIS = 60_000

/**
 * Whether what is locked here stays. Some servers take locks and ignore them, so it is tried: an object of no other use is locked, and deleting it,
 * and shortening its lock, have to be refused, with every permission that these credentials have.
 */
export async function proveLock(client: S3Client, bucket: string, probe: string, clock: Clock): Promise<LockProof> {
  const { Status } = await client.getBucketVersioning({ Bucket: bucket })
  if (Status !== 'Enabled') return none(`the bucket ${bucket} keeps no versions`)
  if (!(await hasObjectLock(client, bucket)))
    return none(`the bucket ${bucket} has no Object Lock, which is chosen when a bucket is made`)

  const place = await lockedProbe(client, bucket, probe, clock)
  const lock = await readLock(client, place)
  if (lock?.mode !== 'COMPLIANCE' || lock.until <= clock.now())
    return none(`an object that was to be locked in mode COMPLIANCE is locked ${lock?.mode ?? 'not at all'}`)
  if (!(await isRefused(client.deleteObject({ ...place, BypassGovernanceRetention: true }))))
    return none(`the bucket ${bucket} deleted an object that was locked`)
  const Retention = { Mode: 'COMPLIANCE', RetainUntilDate: new Date(lock.until - 30_000) } as const
  if (!(await isRefused(client.putObjectRetention({ ...place, Retention, BypassGovernanceRetention: true }))))
    return none(`the bucket ${bucket} shortened a lock`)
  const left = await readLock(client, place)
  if (left?.mode !== 'COMPLIANCE' || left.until < lock.until) return none(`the bucket ${bucket} did not keep a lock`)
  return {
    lock: 'compliance',
    by: `Object Lock in compliance mode; a locked object was neither deleted nor unlocked at ${formatTimestamp(clock.now())}`,
  }
}

function none(because: string): LockProof {
  return { lock: 'none', because }
}

/** The one of last time, while it is locked for long enough; else a new one, and the others go. */
async function lockedProbe(client: S3Client, bucket: string, probe: string, clock: Clock): Promise<VersionPlace> {
  const found = (await versionsOf(client, bucket, probe)).map((version) => ({
    Bucket: bucket,
    Key: probe,
    VersionId: version.versionId,
    isDeleteMarker: version.isDeleteMarker,
  }))
  for (const { isDeleteMarker, ...place } of found) {
    const lock = isDeleteMarker ? undefined : await readLock(client, place)
    if (lock !== undefined && lock.until > clock.now() + STILL_LOCKED_MILLIS) return place
    // One whose lock is about to end is refused still.
    await isRefused(client.deleteObject(place))
  }
  const body = new TextEncoder().encode('Whether what is locked here can be deleted is tried on this object.\n')
  const { VersionId } = await client.putObject({
    Bucket: bucket,
    Key: probe,
    ...checkedBody(body),
    ObjectLockMode: 'COMPLIANCE',
    ObjectLockRetainUntilDate: retainUntil(clock.now() + PROBE_MILLIS),
  })
  return { Bucket: bucket, Key: probe, VersionId: VersionId ?? 'null' }
}

async function isRefused(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked
    return false
  } catch (error) {
    if (isRefusedByS3(error) && s3ErrorName(error) !== 'NoSuchVersion') return true
    throw error
  }
}
