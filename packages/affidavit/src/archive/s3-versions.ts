// The versions of objects in a bucket, as it lists them: by key, the newest of each key first.

import type { S3Client, S3Version } from './s3-client.ts'

export interface ListedVersion {
  readonly key: string
  readonly versionId: string
  readonly size: number
  /** What hides an object, and is none. */
  readonly isDeleteMarker: boolean
}

/** Every version of every key that begins with `prefix`. */
export async function* listVersions(client: S3Client, bucket: string, prefix: string): AsyncGenerator<ListedVersion> {
  let after: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {}
  while (after !== undefined) {
    const page = await client.listObjectVersions({ Bucket: bucket, Prefix: prefix, ...after })
    const versions = (page.Versions ?? []).map((version) => listed(version, false))
    const markers = (page.DeleteMarkers ?? []).map((version) => listed(version, true))
    // The answer holds both kinds apart, each in its order; of one key, markers cannot be told from versions by age, and need not be.
    yield* [...markers, ...versions].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    after = page.IsTruncated === true ? markersOf(page.NextKeyMarker, page.NextVersionIdMarker) : undefined
  }
}

/** All of one key: first what hides it, then its versions, the newest first. */
export async function versionsOf(client: S3Client, bucket: string, key: string): Promise<ListedVersion[]> {
  const found: ListedVersion[] = []
  for await (const version of listVersions(client, bucket, key)) {
    // Its own versions come before those of longer keys.
    if (version.key !== key) break
    found.push(version)
  }
  return found
}

function listed({ Key, VersionId, Size }: S3Version, isDeleteMarker: boolean): ListedVersion {
  // A bucket that keeps no versions may leave the name of its only one away.
  return { key: Key ?? '', versionId: VersionId ?? 'null', size: Size ?? 0, isDeleteMarker }
}

function markersOf(key: string | undefined, version: string | undefined) {
  if (key === undefined) throw new Error('a list was cut off without saying where it goes on')
  return { KeyMarker: key, ...(version === undefined ? {} : { VersionIdMarker: version }) }
}
