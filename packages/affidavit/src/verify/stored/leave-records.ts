// The records of a ledger that say what left it, read alone.

import { parseEntry } from '../../formats/entry.ts'
import { type LeavePapers, type LeaveRecord, noDisposals, type ReadDisposals, readLeavePapers } from '../left.ts'
import type { StoredBytes, StoredLog } from './stored-log.ts'
import type { ArchiveOf } from './through-archive.ts'

/** What it takes to look at what has left the database. */
export interface LeftOptions {
  /** The archive of a ledger; what is archived is not read where it is left out. */
  readonly archiveOf?: ArchiveOf
  /** How papers of dispositions are read; where left out, none of them gives leave. */
  readonly disposals?: ReadDisposals
}

/** What cannot be read says nothing; it is found where the entries are verified. */
export async function readLeaveRecords(log: StoredLog): Promise<readonly StoredBytes[]> {
  const found: StoredBytes[] = []
  for (const action of ['records_archived', 'records_disposed'])
    for await (const page of log.entriesOfAction(action)) if (!('unreadable' in page)) found.push(...page)
  return found
}

export function papersFrom(
  origin: string,
  entries: readonly StoredBytes[],
  { disposals = noDisposals }: LeftOptions,
): LeavePapers {
  return readLeavePapers(origin, entries.flatMap(recordIn), disposals)
}

function recordIn({ seq, bytes }: StoredBytes): LeaveRecord[] {
  const parsed = parseEntry(bytes)
  if ('fault' in parsed) return []
  const { action, recorded_at, details = {} } = parsed.entry
  // Details of an entry that was read are JSON.
  return [{ seq, action, recorded_at, details: details as LeaveRecord['details'] }]
}
