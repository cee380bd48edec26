// Google Cloud Storage, as far as the archive needs it. The package @google-cloud/storage is optional and loaded only here.

import { createHash } from 'node:crypto'

import type { UnixMillis } from '../clock/clock.ts'
import { archiveUnavailable } from './store-errors.ts'

export interface GcsObject {
  readonly name: string
  /** What tells the versions of an object apart; those that came later have a higher one. */
  readonly generation: string
  readonly size: number
}

export interface GcsLock {
  /** `Locked`, `Unlocked`, or that of a policy of the bucket. */
  readonly mode: string
  readonly until: UnixMillis
}

/** The calls that are made, for one bucket. Names and modes are those of its JSON API. */
export interface GcsClient {
  /** Whether its objects can have a retention of their own. */
  hasObjectRetention(): Promise<boolean>
  /** A page of all versions, by name. */
  list(
    prefix: string,
    pageToken: string | undefined,
  ): Promise<{ readonly objects: readonly GcsObject[]; readonly next: string | undefined }>
  /** In one request, where there is no live version of that name; retained in mode `Locked` where an end is given. */
  insert(name: string, bytes: Uint8Array, retainUntil: UnixMillis | undefined): Promise<string | undefined>
  read(object: GcsObject, from: number, to: number): Promise<Uint8Array>
  lockOf(object: GcsObject): Promise<GcsLock | undefined>
  /** `override` lifts what a mode of `Unlocked` forbids. */
  retain(object: GcsObject, until: UnixMillis, override: 'override' | undefined): Promise<void>
  delete(object: GcsObject): Promise<void>
}

/**
 * Finds its credentials as every tool of Google Cloud does. At an endpoint of its own that is not https nobody is shown any.
 * @throws LedgerError `archive-unavailable` where the optional package is missing
 */
export async function defaultGcsClient(bucketName: string, endpoint: string | undefined): Promise<GcsClient> {
  const { Storage } = await loadSdk()
  const at =
    endpoint === undefined ? {} : { apiEndpoint: endpoint, useAuthWithCustomEndpoint: endpoint.startsWith('https:') }
  const storage = new Storage({ ...at, timeout: 60_000, retryOptions: { maxRetries: 3, totalTimeout: 60 } })
  const bucket = storage.bucket(bucketName)
  const file = ({ name, generation }: GcsObject) => bucket.file(name, { generation })

  return {
    async hasObjectRetention() {
      const [{ objectRetention }] = await bucket.getMetadata()
      return objectRetention?.mode === 'Enabled'
    },
    async list(prefix, pageToken) {
      const query = { prefix, versions: true, autoPaginate: false, ...(pageToken === undefined ? {} : { pageToken }) }
      const [files, next] = await bucket.getFiles(query)
      const token = next !== null && typeof next === 'object' && 'pageToken' in next ? next.pageToken : undefined
      return {
        objects: files.map(({ name, metadata }) => ({
          name,
          generation: String(metadata.generation),
          size: Number(metadata.size),
        })),
        next: typeof token === 'string' ? token : undefined,
      }
    },
    async insert(name, bytes, retainUntil) {
      const retention = retainUntil === undefined ? {} : { retention: lockedUntil(retainUntil) }
      const created = bucket.file(name)
      await created.save(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), {
        resumable: false,
        // The server holds the bytes against their MD5 before it keeps them; the SDK would look later, and delete.
        validation: false,
        preconditionOpts: { ifGenerationMatch: 0 },
        metadata: { contentType: 'application/octet-stream', ...md5HashOf(bytes), ...retention },
      })
      return created.metadata.generation === undefined ? undefined : String(created.metadata.generation)
    },
    async read(object, from, to) {
      const [bytes] = await file(object).download({ start: from, end: to - 1, validation: false })
      return bytes
    },
    async lockOf(object) {
      const [{ retention, retentionExpirationTime }] = await file(object).getMetadata()
      if (retention?.mode !== undefined && retention.retainUntilTime !== undefined)
        return { mode: retention.mode, until: Date.parse(retention.retainUntilTime) }
      if (retentionExpirationTime === undefined) return undefined
      return { mode: 'of the bucket’s retention policy', until: Date.parse(retentionExpirationTime) }
    },
    async retain(object, until, override) {
      const how = override === undefined ? {} : { overrideUnlockedRetention: true }
      await file(object).setMetadata({ retention: lockedUntil(until) }, how)
    },
    async delete(object) {
      await file(object).delete()
    },
  }
}

function lockedUntil(until: UnixMillis) {
  return { mode: 'Locked', retainUntilTime: new Date(until).toISOString() }
}

// Not a matter of security, and not there where OpenSSL runs in FIPS mode.
function md5HashOf(bytes: Uint8Array): { readonly md5Hash?: string } {
  try {
    return { md5Hash: createHash('md5').update(bytes).digest('base64') }
  } catch {
    return {}
  }
}

async function loadSdk(): Promise<typeof import('@google-cloud/storage')> {
  try {
    return await import('@google-cloud/storage')
  } catch (cause) {
    throw archiveUnavailable(
      'an archive in Google Cloud Storage needs the package @google-cloud/storage',
      'npm install @google-cloud/storage',
      cause,
    )
  }
}
