// What an S3 server answers when it does not do as it was asked.

import { LedgerError } from '../errors/ledger-error.ts'
import { archiveUnavailable } from './store-errors.ts'

/** The code of its API, such as `AccessDenied`, or of the network, such as `ECONNREFUSED`. */
function s3ErrorName(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

/** The HTTP status of an answer; `undefined` where there was none. */
export function s3Status(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined
  const { $metadata } = error
  const status =
    typeof $metadata === 'object' && $metadata !== null && 'httpStatusCode' in $metadata
      ? $metadata.httpStatusCode
      : undefined
  return typeof status === 'number' ? status : undefined
}

const NO = new Set([400, 403, 405, 409, 412, 501])
// These are about the one who asks, and the moment, not about what was asked for.
const ABOUT_THE_CALLER =
  /^(Expired|Invalid)Token$|^(InvalidAccessKeyId|RequestTimeTooSkewed|RequestTimeout|SignatureDoesNotMatch|SlowDown)$/

/** It knows who asks, and what it answers is no. */
export function isRefusedByS3(error: unknown): boolean {
  return NO.has(s3Status(error) ?? 0) && !ABOUT_THE_CALLER.test(s3ErrorName(error))
}

/** No lock stands on this version, or none can in this bucket. */
export function saysNoLock(error: unknown): boolean {
  if (s3ErrorName(error) === 'InvalidRequest') return s3Status(error) === 400
  return /^(NoSuchObjectLockConfiguration|ObjectLockConfigurationNotFound(Error)?)$/.test(s3ErrorName(error))
}

export function s3Unavailable(doing: string, where: string, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause
  const said = cause instanceof Error ? `${s3ErrorName(cause)}: ${cause.message}` : String(cause)
  return archiveUnavailable(`cannot ${doing} in ${where}: ${said}`, cureFor(cause), cause)
}

function cureFor(error: unknown): string {
  if (s3ErrorName(error) === 'CredentialsProviderError')
    return 'give it credentials as to every tool of AWS: environment, profile or role'
  if (s3Status(error) === 403) return 'give the credentials the permissions that spec/object-stores.md §4 lists'
  if (s3Status(error) === 404) return 'make the bucket, with Object Lock, or correct its name and region'
  return 'check network, endpoint and region, and do it again'
}
