// A bucket of S3 in memory, by the calls of the SDK, for what a real server cannot be made to do: to lie, and to lose answers. What it does when it is
// honest is what Ceph RGW was seen to do in archive-s3.test.ts, and Amazon's documentation says (Object Lock; conditional writes).

import type { S3Client, S3Retention } from '../src/archive/s3-client.ts'
import type { Clock } from '../src/clock/clock.ts'

/** What is not as it should be; nothing of it is an honest server like Amazon's. */
export type S3Lie =
  | 'no versions'
  | 'no locks'
  | 'ignores If-None-Match'
  | 'ignores lock headers'
  | 'locks in mode GOVERNANCE'
  | 'locks a day less'
  | 'deletes what is locked'
  | 'shortens locks'
  | 'keeps nothing'
  | 'deletes nothing'
  | 'answers a byte less'
  | 'knows nothing of locks'

export interface FakeS3 {
  readonly client: S3Client
  /** Every call so far. */
  readonly asked: readonly string[]
  /** The next call of that name is done, and its answer is lost; or it is not done. */
  loseAnswer(call: keyof S3Client, when: 'before' | 'after'): void
  /** The next call of that name is answered with this refusal. */
  refuse(call: keyof S3Client, status: number, name: string): void
}

interface Kept {
  readonly Key: string
  readonly VersionId: string
  readonly body: Uint8Array | undefined
  retention: S3Retention
}

/** @param pageSize how many versions an answer lists */
export function fakeS3(clock: Clock, lies: ReadonlySet<S3Lie>, pageSize = 1_000): FakeS3 {
  const asked: string[] = []
  const lost = new Map<keyof S3Client, 'before' | 'after'>()
  const refused = new Map<keyof S3Client, readonly [status: number, name: string]>()
  let kept: Kept[] = []
  let versions = 0

  const hasLocks = !lies.has('no locks') && !lies.has('no versions')
  const isVersioned = !lies.has('no versions')

  function found({ Key, VersionId }: { readonly Key: string; readonly VersionId: string }): Kept {
    return kept.find((one) => one.Key === Key && one.VersionId === VersionId) ?? refuse(404, 'NoSuchVersion')
  }

  function isLocked({ retention: { RetainUntilDate } }: Kept): boolean {
    return (RetainUntilDate?.getTime() ?? 0) > clock.now()
  }

  /** Keys ascending, of each the newest first. */
  function inOrder(prefix: string): Kept[] {
    return kept
      .filter(({ Key }) => Key.startsWith(prefix))
      .toReversed()
      .sort((a, b) => (a.Key < b.Key ? -1 : a.Key > b.Key ? 1 : 0))
  }

  const honest: Omit<S3Client, 'destroy'> = {
    async getBucketVersioning() {
      return isVersioned ? { Status: 'Enabled' } : {}
    },
    async getObjectLockConfiguration() {
      if (lies.has('knows nothing of locks')) refuse(501, 'NotImplemented')
      if (!hasLocks) refuse(404, 'ObjectLockConfigurationNotFoundError')
      return { ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled' } }
    },
    async listObjectVersions({ Prefix, KeyMarker, VersionIdMarker }) {
      const all = inOrder(Prefix)
      const from = all.findIndex(({ Key, VersionId }) => Key === KeyMarker && VersionId === VersionIdMarker) + 1
      const page = all.slice(from, from + pageSize)
      const last = page.at(-1)
      const isTruncated = from + pageSize < all.length
      return {
        Versions: page.filter(({ body }) => body !== undefined).map((one) => ({ ...one, Size: one.body?.length })),
        DeleteMarkers: page.filter(({ body }) => body === undefined),
        IsTruncated: isTruncated,
        ...(isTruncated ? { NextKeyMarker: last?.Key, NextVersionIdMarker: last?.VersionId } : {}),
      }
    },
    async putObject({ Key, Body, IfNoneMatch, ObjectLockMode, ObjectLockRetainUntilDate }) {
      const [newest] = inOrder(Key).filter((one) => one.Key === Key)
      if (newest?.body !== undefined && IfNoneMatch === '*' && !lies.has('ignores If-None-Match'))
        refuse(412, 'PreconditionFailed')
      if (ObjectLockMode !== undefined && !hasLocks) refuse(400, 'InvalidRequest')
      const VersionId = isVersioned ? String(++versions) : 'null'
      if (lies.has('keeps nothing')) return { VersionId }
      if (!isVersioned) kept = kept.filter((one) => one.Key !== Key)
      kept.push({ Key, VersionId, body: Uint8Array.from(Body), retention: {} })
      if (ObjectLockMode !== undefined && ObjectLockRetainUntilDate !== undefined)
        relock(found({ Key, VersionId }), ObjectLockRetainUntilDate)
      return isVersioned ? { VersionId } : {}
    },
    async getObject({ Range, ...version }) {
      const { body = refuse(405, 'MethodNotAllowed') } = found(version)
      const [, from = 0, to = body.length - 1] = (/^bytes=(\d+)-(\d+)$/.exec(Range ?? '') ?? []).map(Number)
      const part = Uint8Array.from(body.subarray(from, to + 1 - (lies.has('answers a byte less') ? 1 : 0)))
      return { Body: { transformToByteArray: async () => part } }
    },
    async getObjectRetention(version) {
      const { retention } = found(version)
      if (!hasLocks) refuse(400, 'InvalidRequest')
      if (retention.Mode === undefined) refuse(404, 'NoSuchObjectLockConfiguration')
      return { Retention: retention }
    },
    async putObjectRetention({ Retention: { RetainUntilDate }, ...version }) {
      if (!hasLocks) refuse(400, 'InvalidRequest')
      const one = found(version)
      const isShorter = RetainUntilDate.getTime() < (one.retention.RetainUntilDate?.getTime() ?? 0)
      if (isLocked(one) && isShorter && !lies.has('shortens locks')) refuse(403, 'AccessDenied')
      relock(one, RetainUntilDate)
    },
    async deleteObject(version) {
      if (lies.has('deletes nothing')) return
      const one = kept.find(({ Key, VersionId }) => Key === version.Key && VersionId === version.VersionId)
      if (one !== undefined && isLocked(one) && !lies.has('deletes what is locked')) refuse(403, 'AccessDenied')
      kept = kept.filter((other) => other !== one)
    },
  }

  function relock(one: Kept, RetainUntilDate: Date): void {
    if (lies.has('ignores lock headers')) return
    const less = lies.has('locks a day less') ? 86_400_000 : 0
    one.retention = {
      Mode: lies.has('locks in mode GOVERNANCE') ? 'GOVERNANCE' : 'COMPLIANCE',
      // Servers are seen that keep whole seconds alone.
      RetainUntilDate: new Date(Math.floor(RetainUntilDate.getTime() / 1_000) * 1_000 - less),
    }
  }

  const client = Object.fromEntries(
    Object.entries(honest).map(([name, call]) => [
      name,
      (input: never) => answered(name as keyof S3Client, call, input),
    ]),
  ) as unknown as S3Client

  async function answered(name: keyof S3Client, call: (input: never) => Promise<unknown>, input: never) {
    asked.push(name)
    const when = lost.get(name)
    lost.delete(name)
    if (when === 'before') throw new Error('socket hang up')
    const no = refused.get(name)
    refused.delete(name)
    if (no !== undefined) refuse(...no)
    const answer = await call(input)
    if (when === 'after') throw new Error('socket hang up')
    return answer
  }

  return {
    client: { ...client, destroy: () => undefined },
    asked,
    loseAnswer: (call, when) => void lost.set(call, when),
    refuse: (call, status, name) => void refused.set(call, [status, name]),
  }
}

function refuse(status: number, name: string): never {
  throw Object.assign(new Error('the fake says so'), { name, $metadata: { httpStatusCode: status } })
}
