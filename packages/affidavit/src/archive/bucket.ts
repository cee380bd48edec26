// A bucket of a service that keeps versions of objects, and locks on them: what S3 and Google Cloud Storage have in common. bucket-store.ts makes an object
// store of one.

import type { UnixMillis } from '../clock/clock.ts'
import type { LedgerError } from '../errors/ledger-error.ts'

export interface BucketVersion {
  /** The whole name of the object, prefix and all. */
  readonly name: string
  /** What the service calls this version of it. */
  readonly version: string
  /** Bytes. */
  readonly size: number
  /** What hides an object from those who ask for its newest version, and is none. */
  readonly isDeleteMarker: boolean
}

export interface VersionLock {
  /** Whether nobody at all can lift it, nor bring its end forward. */
  readonly isForGood: boolean
  /** In the words of the service. */
  readonly mode: string
  /** Perhaps it has passed. */
  readonly until: UnixMillis
}

/** What goes wrong is thrown as the service's client throws it, and judged by `isRefusal` and `unavailable`. */
export interface Bucket {
  readonly where: string

  /** Why no lock can stand in it for good; `undefined` where one can. */
  whyNoLocks(): Promise<string | undefined>

  /** All versions of every name that begins with `prefix`: names ascending, of each the newest first. */
  versions(prefix: string): AsyncGenerator<BucketVersion>

  /**
   * Writes a new version in one request, locked where an end is given; where the service can be told to, only if there is none of that name.
   * @returns what the service calls it; `undefined` where it did not say, or somebody else was quicker
   */
  write(name: string, bytes: Uint8Array, lockUntil: UnixMillis | undefined): Promise<string | undefined>

  /** `undefined` where it is gone. */
  read(version: BucketVersion, from: number, to: number): Promise<Uint8Array | undefined>

  lockOf(version: BucketVersion): Promise<VersionLock | undefined>

  /** Locks a version for good until then. */
  lock(version: BucketVersion, until: UnixMillis): Promise<void>

  delete(version: BucketVersion): Promise<void>

  /** The same, overriding what these credentials may override: for trying whether a lock holds. */
  readonly byForce: {
    lock(version: BucketVersion, until: UnixMillis): Promise<void>
    delete(version: BucketVersion): Promise<void>
  }

  /** Whether the service knew who asks, and answered no. */
  isRefusal(error: unknown): boolean

  /** `archive-unavailable`, with the cure. */
  unavailable(doing: string, cause: unknown): LedgerError

  close(): Promise<void>
}
