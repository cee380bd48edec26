// An object store in memory that keeps the contract, with a lock that nobody can lift: for tests of what stands on an archive.

import { withinObject } from '../archive/byte-range.ts'
import { assertKeyPrefix, assertObjectKey } from '../archive/object-key.ts'
import type { LockProof, ObjectStore } from '../archive/object-store.ts'
import {
  archiveUnavailable,
  assertObjectSize,
  lockRefused,
  noSuchObject,
  objectExists,
  objectLocked,
} from '../archive/store-errors.ts'
import { equalBytes } from '../bytes/compare.ts'
import { type Clock, formatTimestamp, type UnixMillis } from '../clock/clock.ts'
import { type ObjectFault, type ObjectFaults, type ObjectOperation, objectFaults } from './object-faults.ts'

export interface MemoryObject {
  readonly bytes: Uint8Array
  readonly locked_until?: UnixMillis
}

/** What is kept, whoever opens it; a test may look, and put other bytes there past every lock. */
export type MemoryObjects = Map<string, MemoryObject>

const COMPLIANCE: LockProof = { lock: 'compliance', by: 'memory, which deletes nothing that is locked' }

/** The process that used this store was killed: nothing works through it any more. What is kept is opened anew. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

/** A store over `objects`. Without a lock where `proof` says so: then it keeps none. */
export function memoryObjectStore(
  objects: MemoryObjects,
  clock: Clock,
  faults: ObjectFaults = objectFaults(),
  proof: LockProof = COMPLIANCE,
): ObjectStore {
  const where = 'memory'
  let isDead = false

  return {
    where,
    lockProof: () => broken('lockProof', '', async () => proof),
    async put(key, bytes, lockUntil) {
      assertObjectKey(key)
      assertObjectSize(key, bytes.length)
      await broken('put', key, (fault) => put(key, fault === 'other-bytes' ? flipped(bytes) : bytes, lockUntil, fault))
    },
    async get(key, range) {
      assertObjectKey(key)
      return broken('get', key, async (fault) => {
        const bytes = objects.get(key)?.bytes
        if (bytes === undefined || fault === 'lied') return undefined
        const { from, to } = withinObject(range, bytes.length)
        const part = Uint8Array.from(bytes.subarray(from, to))
        return fault === 'other-bytes' ? flipped(part) : part
      })
    },
    async stat(key) {
      assertObjectKey(key)
      return broken('stat', key, async (fault) => {
        const found = objects.get(key)
        if (found === undefined || fault === 'lied') return undefined
        const { bytes, locked_until } = found
        return { key, size: bytes.length, ...(locked_until === undefined ? {} : { locked_until }) }
      })
    },
    async *list(prefix) {
      assertKeyPrefix(prefix)
      const keys = [...objects.keys()].filter((key) => key.startsWith(prefix)).sort()
      yield* await broken('list', prefix, async (fault) => (fault === 'lied' ? [] : keys))
    },
    async extendLock(key, until) {
      assertObjectKey(key)
      await broken('extendLock', key, async (fault) => {
        const found = objects.get(key)
        if (found === undefined) throw noSuchObject(key, where)
        if (proof.lock === 'none') throw lockRefused(key, where, proof.because)
        if (fault !== 'lied' && !fault?.startsWith('lock-')) objects.set(key, locked(found, until))
      })
    },
    async delete(key) {
      assertObjectKey(key)
      await broken('delete', key, async (fault) => {
        const until = objects.get(key)?.locked_until
        if (until !== undefined && until > clock.now())
          throw objectLocked(key, where, `until ${formatTimestamp(until)}`)
        if (fault !== 'lied') objects.delete(key)
      })
    },
    close: async () => undefined,
  }

  async function put(key: string, bytes: Uint8Array, until: UnixMillis | undefined, fault: ObjectFault | undefined) {
    if (fault === 'lied') return
    const found = objects.get(key)
    if (found !== undefined && !equalBytes(found.bytes, bytes)) throw objectExists(key, where)
    const kept = found ?? { bytes: Uint8Array.from(bytes) }
    const isLocked = until !== undefined && proof.lock === 'compliance' && !fault?.startsWith('lock-')
    objects.set(key, isLocked ? locked(kept, until) : kept)
  }

  function locked(object: MemoryObject, until: UnixMillis): MemoryObject {
    return until <= Math.max(clock.now(), object.locked_until ?? 0) ? object : { ...object, locked_until: until }
  }

  /** `work` sees to the faults that change what it does. */
  async function broken<T>(
    operation: ObjectOperation,
    key: string,
    work: (fault: ObjectFault | undefined) => Promise<T>,
  ): Promise<T> {
    if (isDead) throw new Killed(`${operation} ${key}`)
    const fault = await faults.next(operation, key)
    if (fault === 'killed-before') die(operation, key)
    if (fault === 'down') throw archiveUnavailable(`cannot ${operation} ${key}: the test said so`, 'ask again')
    const result = await work(fault)
    if (fault === 'killed-after') die(operation, key)
    if (fault === 'done-but-reported-failed') throw archiveUnavailable(`no answer to ${operation} ${key}`, 'ask again')
    if (fault === 'lock-refused') throw lockRefused(key, where, 'the test said so')
    return result
  }

  function die(operation: ObjectOperation, key: string): never {
    isDead = true
    throw new Killed(`${operation} ${key}`)
  }
}

function flipped(bytes: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(bytes)
  if (changed.length > 0) changed[changed.length >> 1] = (changed[changed.length >> 1] ?? 0) ^ 1
  return changed
}
