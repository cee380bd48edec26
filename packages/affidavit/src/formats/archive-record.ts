// What `records_archived` says (spec/archive.md §1): which entries are in which segment, and how that is locked. Read strictly: what is
// searched, read and removed rests on it.

import { isHex } from '../bytes/hex.ts'
import { isTimestamp } from '../clock/clock.ts'
import type { SeqRun } from '../merkle/partial.ts'
import type { AuditRecord } from './fields.ts'
import { countRuns, formatRuns, parseRuns } from './seq-runs.ts'

/** A segment, as the ledger has it on record. */
export interface ArchivedSegment {
  /** Id: 32 lower-case hex digits. */
  readonly segment: string
  /** Of the bytes of the signed manifest. */
  readonly manifest_sha256: string
  readonly object_sha256: string
  readonly retention_class: string
  /** `2032-11`, `open` or `none`. */
  readonly due_month: string
  readonly runs: readonly SeqRun[]
  /** Of the checkpoint that covers them. */
  readonly checkpoint_size: number
  /** Every entry below is archived: in this segment, or in one that is on record before. */
  readonly complete_until: number
  /** As read back; absent where the store proved none. */
  readonly locked_until?: string
  /** Of payloads that entries name: those that were not in the database as the entries describe them. */
  readonly payloads_missing: number
  /** Id of the segment of which it holds what stayed; absent where its entries were archived for the first time. */
  readonly replaces?: string
}

export function archivedDetails({ runs, ...segment }: ArchivedSegment): { readonly [name: string]: string | number } {
  return { phase: 'archived', ...segment, seqs: formatRuns(runs), records: countRuns(runs) }
}

/** `undefined` where the record says something else, or is not in the form of this. */
export function parseArchived({
  action,
  details = {},
}: Pick<AuditRecord, 'action' | 'details'>): ArchivedSegment | undefined {
  if (action !== 'records_archived' || details.phase !== 'archived') return undefined
  const { segment, manifest_sha256, object_sha256, retention_class, due_month, locked_until, seqs } = details
  const { checkpoint_size, complete_until, payloads_missing, records, replaces } = details
  const runs = typeof seqs === 'string' ? parseRuns(seqs) : undefined
  if (runs === undefined || countRuns(runs) !== records) return undefined
  if (!isDigest(segment, 32) || !isDigest(manifest_sha256, 64) || !isDigest(object_sha256, 64)) return undefined
  if (typeof retention_class !== 'string' || typeof due_month !== 'string') return undefined
  if (!isCount(checkpoint_size) || !isCount(complete_until) || !isCount(payloads_missing)) return undefined
  if (locked_until !== undefined && !isInstant(locked_until)) return undefined
  if (replaces !== undefined && !isDigest(replaces, 32)) return undefined
  return {
    segment,
    manifest_sha256,
    object_sha256,
    retention_class,
    due_month,
    runs,
    checkpoint_size,
    complete_until,
    payloads_missing,
    ...(locked_until === undefined ? {} : { locked_until }),
    ...(replaces === undefined ? {} : { replaces }),
  }
}

/** What stays of a segment lies in others, which say so: nothing rests on it any more. */
export function replacedDetails({ segment }: Pick<ArchivedSegment, 'segment'>): { readonly [name: string]: string } {
  return { phase: 'replaced', segment }
}

/** The id of the segment; `undefined` where the record says something else. */
export function parseReplaced({ action, details = {} }: Pick<AuditRecord, 'action' | 'details'>): string | undefined {
  const { phase, segment } = details
  return action === 'records_archived' && phase === 'replaced' && isDigest(segment, 32) ? segment : undefined
}

function isDigest(value: unknown, digits: number): value is string {
  return typeof value === 'string' && isHex(value, digits)
}

function isInstant(value: unknown): value is string {
  return typeof value === 'string' && isTimestamp(value)
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
