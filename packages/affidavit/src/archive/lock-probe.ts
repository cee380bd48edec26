// Whether what is locked in a bucket stays. Some servers take locks and ignore them, so it is tried: an object of no other use is locked, and deleting it, and
// shortening its lock, have to be refused, with everything overridden that these credentials may (spec/object-stores.md §3).

import { utf8 } from '../bytes/text.ts'
import { type Clock, formatTimestamp } from '../clock/clock.ts'
import type { Bucket, BucketVersion } from './bucket.ts'
import type { LockProof } from './object-store.ts'
import { versionsOf } from './versions-of.ts'

const PROBE = utf8('Whether what is locked here can be deleted is tried on this object.\n')
const PROBE_MILLIS = 3_600_000
const STILL_LOCKED_MILLIS = 60_000

/** @param name of the object that it is tried on */
export async function probeLock(bucket: Bucket, name: string, clock: Clock): Promise<LockProof> {
  const why = await bucket.whyNoLocks()
  if (why !== undefined) return none(why)
  const probe = await lockedProbe(bucket, name, clock)
  if (probe === undefined) return none('an object that was written for it is not there')
  const lock = await bucket.lockOf(probe)
  if (lock === undefined || !lock.isForGood || lock.until <= clock.now())
    return none(`an object that was to be locked for good is locked ${lock?.mode ?? 'not at all'}`)

  if (!(await isRefused(bucket, bucket.byForce.delete(probe))))
    return none('an object that was locked could be deleted')
  if (!(await isRefused(bucket, bucket.byForce.lock(probe, lock.until - STILL_LOCKED_MILLIS / 2))))
    return none('a lock could be shortened')
  const left = await bucket.lockOf(probe)
  if (left === undefined || !left.isForGood || left.until < lock.until) return none('a lock did not stay')
  const at = formatTimestamp(clock.now())
  return {
    lock: 'compliance',
    by: `locks in mode ${lock.mode}; at ${at} an object so locked could neither be deleted nor its lock be shortened`,
  }
}

function none(because: string): LockProof {
  return { lock: 'none', because }
}

/** The one of last time, while it is locked for long enough; else a new one, and the others go. */
async function lockedProbe(bucket: Bucket, name: string, clock: Clock): Promise<BucketVersion | undefined> {
  for (const version of await versionsOf(bucket, name)) {
    const lock = version.isDeleteMarker ? undefined : await bucket.lockOf(version)
    if (lock !== undefined && lock.until > clock.now() + STILL_LOCKED_MILLIS) return version
    // One whose lock is about to end may be refused still; it goes the next time.
    await isRefused(bucket, bucket.delete(version))
  }
  await bucket.write(name, PROBE, clock.now() + PROBE_MILLIS)
  return (await versionsOf(bucket, name)).find(({ isDeleteMarker }) => !isDeleteMarker)
}

async function isRefused(bucket: Bucket, asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked
    return false
  } catch (error) {
    if (bucket.isRefusal(error)) return true
    throw error
  }
}
