// The records of a ledger that say what left it, read alone.

import { parseEntry } from '../../formats/entry.ts'
import type { VerifierKey } from '../../formats/verifier-key.ts'
import { hashOf } from '../entries.ts'
import type { FindingList } from '../finding.ts'
import { HOLD_ACTIONS, judgeHoldReleases, type ReleasedHolds } from '../hold-releases.ts'
import { type LeavePapers, type LeaveRecord, readLeavePapers } from '../left.ts'
import { disposalsBy } from '../read-disposals.ts'
import type { ArchiveOf } from './archive.ts'
import type { ListedLedger, StoredBytes, StoredLedgers, StoredLog } from './stored-log.ts'

/** What it takes to look at what has left the database. */
export interface LeftOptions {
  /** The archive of a ledger; what is archived is not read where it is left out. */
  readonly archiveOf?: ArchiveOf
  /** Keys of those who may approve; where left out, by whose leave records were destroyed and holds released is not checked. */
  readonly approvers?: readonly VerifierKey[]
}

/** What cannot be read says nothing; it is found where the entries are verified. */
export async function readLeaveRecords(log: StoredLog): Promise<readonly StoredBytes[]> {
  return [...(await readAction(log, 'records_archived')), ...(await readAction(log, 'records_disposed'))]
}

/** What ledgers that go on from this one after a restore say of destroying again what came back of it. */
export async function readLaterRecords(
  ledgers: StoredLedgers,
  listed: readonly ListedLedger[],
  origin: string,
): Promise<readonly StoredBytes[]> {
  const name = origin.slice(0, origin.lastIndexOf('/') + 1)
  const at = listed.findIndex((one) => one.origin === origin)
  const later = at < 0 ? [] : listed.slice(at + 1).filter((one) => one.origin.startsWith(name))
  const found: StoredBytes[] = []
  for (const { no } of later) found.push(...(await readAction(ledgers.log(no), 'records_disposed')))
  return found
}

async function readAction(log: StoredLog, action: string): Promise<readonly StoredBytes[]> {
  const found: StoredBytes[] = []
  for await (const page of log.entriesOfAction(action)) if (!('unreadable' in page)) found.push(...page)
  return found
}

/** The records of holds, likewise. */
export async function readHoldRecords(log: StoredLog): Promise<readonly StoredBytes[]> {
  const found: StoredBytes[] = []
  for (const action of HOLD_ACTIONS)
    for await (const page of log.entriesOfAction(action)) if (!('unreadable' in page)) found.push(...page)
  return found
}

/** Judges by whose leave holds were released. @param entries those of readHoldRecords */
export function releasesFrom(
  origin: string,
  entries: readonly StoredBytes[],
  { approvers = [] }: LeftOptions,
  findings: FindingList,
): ReleasedHolds {
  const records = entries.flatMap(({ bytes }) => {
    const parsed = parseEntry(bytes)
    return 'fault' in parsed ? [] : [{ ...parsed.entry, integrity_hash: hashOf(bytes) }]
  })
  return judgeHoldReleases(origin, records, approvers, findings)
}

export function papersFrom(
  origin: string,
  entries: readonly StoredBytes[],
  { approvers = [] }: LeftOptions,
): LeavePapers {
  return readLeavePapers(origin, entries.flatMap(recordIn), disposalsBy(approvers))
}

function recordIn({ seq, bytes }: StoredBytes): LeaveRecord[] {
  const parsed = parseEntry(bytes)
  if ('fault' in parsed) return []
  const { ledger, action, timestamp, recorded_at, details = {} } = parsed.entry
  // Details of an entry that was read are JSON.
  return [{ ledger, seq, action, timestamp, recorded_at, details: details as LeaveRecord['details'] }]
}
