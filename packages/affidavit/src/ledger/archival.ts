// What an archive needs of its ledger: to read what is stored, to keep its keys in the keyring, to sign, and to put on record what it did.

import type { UnixMillis } from '../clock/clock.ts'
import type { Draft } from '../formats/fields.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Settled } from './place.ts'
import type { LedgerStore } from './store.ts'

export interface Archival {
  /** What is stored, stubs included. */
  readonly rows: LedgerStore
  /** The same as readers have it: what left the database comes through the archive. */
  readonly store: LedgerStore
  /** The origin. */
  readonly ledger: string
  readonly keyring: Pick<Keyring, 'scopeKeys' | 'knownScopeKeys' | 'scopeKeysById' | 'wrappedAnew'>
  /** A signed note by the checkpoint key. */
  sign(text: string): Promise<string>
  /** Appends a record of the ledger's own; durable when it resolves. */
  record(draft: Draft): Promise<Settled>
  /** The same, unless a record by which it would have to be judged anew came at or behind this seq. */
  recordJudged(draft: Draft, judged_below: number): Promise<Settled | 'overtaken'>
  /** An id that the same words always give. */
  deriveId(...words: readonly string[]): string
  now(): UnixMillis
  /** The time, where no source that the policies name says that the clock is ahead. @throws LedgerError `time-unavailable`, `clock-jump` */
  timeToLeave(): Promise<UnixMillis>
}
