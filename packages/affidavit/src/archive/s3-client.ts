// Amazon S3, and what speaks like it, as far as the archive needs it. The package @aws-sdk/client-s3 is optional and loaded only here; the client of
// an application's own making serves as well.

import { archiveUnavailable } from './store-errors.ts'

export interface S3Version {
  readonly Key?: string | undefined
  readonly VersionId?: string | undefined
  readonly Size?: number | undefined
}

export interface S3Retention {
  readonly Mode?: string | undefined
  readonly RetainUntilDate?: Date | undefined
}

interface Bucket {
  readonly Bucket: string
}

interface Key extends Bucket {
  readonly Key: string
}

interface Version extends Key {
  readonly VersionId: string
}

/** The calls that are made. `new S3({ … })` of @aws-sdk/client-s3 is one of these. */
export interface S3Client {
  getBucketVersioning(input: Bucket): Promise<{ readonly Status?: string | undefined }>
  getObjectLockConfiguration(input: Bucket): Promise<{
    readonly ObjectLockConfiguration?: { readonly ObjectLockEnabled?: string | undefined } | undefined
  }>
  listObjectVersions(
    input: Bucket & { readonly Prefix: string; readonly KeyMarker?: string; readonly VersionIdMarker?: string },
  ): Promise<{
    readonly Versions?: readonly S3Version[] | undefined
    readonly DeleteMarkers?: readonly S3Version[] | undefined
    readonly IsTruncated?: boolean | undefined
    readonly NextKeyMarker?: string | undefined
    readonly NextVersionIdMarker?: string | undefined
  }>
  putObject(
    input: Key & {
      readonly Body: Uint8Array
      readonly ContentLength: number
      readonly ContentMD5?: string
      readonly ChecksumSHA256: string
      readonly IfNoneMatch?: '*'
      readonly ObjectLockMode?: 'COMPLIANCE'
      readonly ObjectLockRetainUntilDate?: Date
    },
  ): Promise<{ readonly VersionId?: string | undefined }>
  getObject(
    input: Version & { readonly Range?: string },
  ): Promise<{ readonly Body?: { transformToByteArray(): Promise<Uint8Array> } | undefined }>
  getObjectRetention(input: Version): Promise<{ readonly Retention?: S3Retention | undefined }>
  putObjectRetention(
    input: Version & {
      readonly Retention: { readonly Mode: 'COMPLIANCE'; readonly RetainUntilDate: Date }
      readonly BypassGovernanceRetention?: boolean
    },
  ): Promise<unknown>
  deleteObject(input: Version & { readonly BypassGovernanceRetention?: boolean }): Promise<unknown>
  destroy(): void
}

export interface S3Endpoint {
  readonly region?: string | undefined
  /** Of a server that is not Amazon's. */
  readonly endpoint?: string | undefined
}

/**
 * A client that finds credentials, and the region where none is named, as every tool of AWS does.
 * @throws LedgerError `archive-unavailable` where the optional package is missing
 */
export async function defaultS3Client({ region, endpoint }: S3Endpoint): Promise<S3Client> {
  const { S3 } = await loadSdk()
  return new S3({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    // Checksums are sent by us; those that the SDK adds by itself are not understood by every server.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: 10_000, socketTimeout: 60_000 },
  })
}

async function loadSdk(): Promise<typeof import('@aws-sdk/client-s3')> {
  try {
    return await import('@aws-sdk/client-s3')
  } catch (cause) {
    throw archiveUnavailable(
      'an archive in S3 needs the package @aws-sdk/client-s3',
      'npm install @aws-sdk/client-s3',
      cause,
    )
  }
}
