// What capture needs of a ledger: to append, and to know what it wrote itself. It reads nothing.

import type { Draft } from '../formats/fields.ts'
import type { VersionAction, VersionInForce } from '../ledger/version-in-force.ts'
import type { Registry } from '../registry/registry.ts'

export interface AuditedLedger {
  readonly registry: Registry | undefined
  /** Resolves when the record is durable. @throws LedgerError */
  append(draft: Draft): Promise<unknown>
  isRecorded(id: string): Promise<boolean>
  deriveId(...words: readonly string[]): string
  digest(text: string): string
  versionInForce(action: VersionAction, agent_name: string): Promise<VersionInForce | undefined>
}

/** Where drafts wait while the ledger takes none (spec/spool.md). */
export interface Spool {
  /** Resolves when the draft is on disk. @throws LedgerError `spool-full`, `spool-unavailable` */
  put(draft: Draft): Promise<void>
  /** Drafts that wait. */
  waiting(): number
  /** Hands what waits to the ledger, in order, until none is left. @throws LedgerError what the ledger throws first; the rest stays */
  forward(): Promise<unknown>
  close(): Promise<void>
}
