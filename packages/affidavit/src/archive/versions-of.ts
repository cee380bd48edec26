// The versions of one object.

import type { Bucket, BucketVersion } from './bucket.ts'

/** The newest first. */
export async function versionsOf(bucket: Bucket, name: string): Promise<BucketVersion[]> {
  const found: BucketVersion[] = []
  for await (const version of bucket.versions(name)) {
    // Its own versions come before those of longer names.
    if (version.name !== name) break
    found.push(version)
  }
  return found
}
