// A bucket of Google Cloud Storage (spec/object-stores.md §5). Locks are retentions of objects in mode Locked: those in mode Unlocked are lifted by whoever has the
// permission.

import { type Clock, systemClock, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Bucket, BucketVersion } from './bucket.ts'
import { bucketStore } from './bucket-store.ts'
import { defaultGcsClient, type GcsClient, type GcsObject } from './gcs-client.ts'
import type { ObjectStore } from './object-store.ts'
import { archiveUnavailable } from './store-errors.ts'

export interface GcsOptions {
  readonly bucket: string
  /** What every key begins with, with its `/` at the end where it is to be a folder. */
  readonly prefix?: string
  /** Of a server that is not Google's. */
  readonly endpoint?: string
  /** Of one's own. Else one that finds its credentials as every tool of Google Cloud does. */
  readonly client?: GcsClient
  readonly clock?: Clock
}

export function gcsStore(options: GcsOptions): ObjectStore {
  const { bucket, prefix = '', endpoint, clock = systemClock } = options
  const at = endpoint === undefined ? '' : ` at ${new URL(endpoint).host}`
  return bucketStore(gcsBucket(`gs://${bucket}/${prefix}${at}`, options), prefix, clock)
}

function gcsBucket(where: string, { bucket, endpoint, client: given }: GcsOptions): Bucket {
  let opening: Promise<GcsClient> | undefined

  function client(): Promise<GcsClient> {
    opening ??= given === undefined ? defaultGcsClient(bucket, endpoint) : Promise.resolve(given)
    return opening
  }

  return {
    where,
    async whyNoLocks() {
      if (await (await client()).hasObjectRetention()) return undefined
      return `the bucket ${bucket} does not have object retention enabled`
    },
    async *versions(prefix) {
      let same: GcsObject[] = []
      for await (const object of listed(await client(), prefix)) {
        if (same[0] !== undefined && same[0].name !== object.name) {
          yield* newestFirst(same)
          same = []
        }
        same.push(object)
      }
      yield* newestFirst(same)
    },
    async write(name, bytes, lockUntil) {
      try {
        return await (await client()).insert(name, bytes, lockUntil === undefined ? undefined : wholeMilli(lockUntil))
      } catch (error) {
        // Somebody was quicker; or an answer was lost, and the SDK asked again.
        if (statusOf(error) === 412) return undefined
        throw error
      }
    },
    async read(version, from, to) {
      try {
        return await (await client()).read(objectOf(version), from, to)
      } catch (error) {
        if (statusOf(error) === 404) return undefined
        throw error
      }
    },
    async lockOf(version) {
      const lock = await (await client()).lockOf(objectOf(version))
      return lock && { isForGood: lock.mode === 'Locked', ...lock }
    },
    lock: async (version, until) => (await client()).retain(objectOf(version), wholeMilli(until), undefined),
    delete: remove,
    byForce: {
      lock: async (version, until) => (await client()).retain(objectOf(version), wholeMilli(until), 'override'),
      delete: remove,
    },
    isRefusal: isRefused,
    unavailable: (doing, cause) => unavailable(doing, where, cause),
    close: async () => undefined,
  }

  async function remove(version: BucketVersion): Promise<void> {
    try {
      await (await client()).delete(objectOf(version))
    } catch (error) {
      if (statusOf(error) !== 404) throw error
    }
  }
}

async function* listed(client: GcsClient, prefix: string): AsyncGenerator<GcsObject> {
  let next: string | undefined
  do {
    const page = await client.list(prefix, next)
    yield* page.objects
    next = page.next
  } while (next !== undefined)
}

function newestFirst(versions: readonly GcsObject[]): BucketVersion[] {
  // Numbers of 64 bits.
  const sorted = versions.toSorted((a, b) => (BigInt(a.generation) < BigInt(b.generation) ? 1 : -1))
  return sorted.map(({ name, generation, size }) => ({ name, version: generation, size, isDeleteMarker: false }))
}

function objectOf({ name, version, size }: BucketVersion): GcsObject {
  return { name, generation: version, size }
}

function wholeMilli(until: UnixMillis): UnixMillis {
  return Math.ceil(until)
}

/** The HTTP status of an answer; `undefined` where there was none. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined
}

const NO: readonly (number | undefined)[] = [400, 403, 405, 409, 412]

/** It knows who asks, and what it answers is no. */
function isRefused(error: unknown): boolean {
  return NO.includes(statusOf(error))
}

function unavailable(doing: string, where: string, cause: unknown): LedgerError {
  if (cause instanceof LedgerError) return cause
  const said = cause instanceof Error ? cause.message : String(cause)
  return archiveUnavailable(`cannot ${doing} in ${where}: ${said}`, cureFor(cause), cause)
}

function cureFor(error: unknown): string {
  const status = statusOf(error)
  if (status === 401 || status === 403)
    return 'give the credentials the permissions that spec/object-stores.md §5 lists'
  if (status === 404) return 'make the bucket, with object retention enabled, or correct its name'
  return 'check network and credentials, and do it again'
}
