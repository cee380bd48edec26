// The seam between the archive and what keeps its objects. A promise about durability and about what cannot be undone; its contract suite is
// testing/object-store-contract.ts, and every implementation passes it (spec/archive.md §3).

import type { UnixMillis } from '../clock/clock.ts'

/** What is known of an object. */
export interface ObjectStat {
  readonly key: string
  /** Bytes. */
  readonly size: number
  /**
   * Until when the store deletes it for nobody, its owner neither; perhaps that has passed. Absent where it has no such lock. Whether the store can be
   * relied on for that is for lockProof() to say.
   */
  readonly locked_until?: UnixMillis
}

/** Whether the store can prove that what is locked stays. `none`: nothing may be removed from the database for it. */
export type LockProof =
  | { readonly lock: 'compliance' /** How it is known, in words. */; readonly by: string }
  | { readonly lock: 'none'; readonly because: string }

/** Bytes `from` inclusive to `to` exclusive. */
export interface ByteRange {
  readonly from: number
  readonly to: number
}

/** Written in one request: an upload in parts loses its lock in some stores. */
export const MAX_OBJECT_BYTES: number = 1024 ** 3

/**
 * Keys are paths (object-key.ts); none is a folder of another. The object of a key is what was put there first: whatever comes later under the same
 * key, also past this seam, is not read.
 */
export interface ObjectStore {
  /** Where it is, for people; no secret is in it. */
  readonly where: string

  /** Asks the store itself, each time. @throws LedgerError `archive-unavailable` */
  lockProof(): Promise<LockProof>

  /**
   * Keeps an object of at most MAX_OBJECT_BYTES, durable when it resolves, locked until `lockUntil` at least where the store locks; an instant that
   * has passed is no lock. The same bytes under the same key, handed in again, are kept once, and their lock is extended where it ends earlier.
   * @throws LedgerError `object-exists`: other bytes are there; they stay. `lock-refused`: it is there, without the lock. `archive-unavailable`: nothing,
   * or this object, is there
   */
  put(key: string, bytes: Uint8Array, lockUntil?: UnixMillis): Promise<void>

  /** The bytes, or what of them lies in `range`; `undefined` where there is no such object. @throws LedgerError `archive-unavailable` */
  get(key: string, range?: ByteRange): Promise<Uint8Array | undefined>

  /** As the store says now. @throws LedgerError `archive-unavailable` */
  stat(key: string): Promise<ObjectStat | undefined>

  /** Keys that begin with `prefix`, in ascending order of their bytes. @throws LedgerError `archive-unavailable` */
  list(prefix: string): AsyncIterable<string>

  /**
   * Locks until later; an earlier end changes nothing.
   * @throws LedgerError `not-found`, `lock-refused` where the store keeps no locks, `archive-unavailable`
   */
  extendLock(key: string, until: UnixMillis): Promise<void>

  /**
   * Deletes every version of an object; one that is not there is no fault.
   * @throws LedgerError `object-locked` while its lock stands: it is still there; `archive-unavailable`
   */
  delete(key: string): Promise<void>

  close(): Promise<void>
}
