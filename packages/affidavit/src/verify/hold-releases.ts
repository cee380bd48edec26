// By whose leave holds were released (spec/holds.md §2): as far as the records of holds, and keys of approvers, tell it.

import { parseTimestamp } from '../clock/clock.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { readHoldRelease } from '../formats/hold.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { holdsIn } from '../links/holds.ts'
import { releaseAuthority } from '../papers/release-authority.ts'
import { type FindingList, finding } from './finding.ts'

/** Records that say which holds stand. */
export const HOLD_ACTIONS = ['hold_placed', 'hold_released'] as const

/** Of each hold that was released by leave which holds: whose. */
export type ReleasedHolds = readonly string[]

/** @param records those of holds: what frees nothing is passed over */
export function judgeHoldReleases(
  ledger: string,
  records: readonly AuditRecord[],
  approvers: readonly VerifierKey[],
  findings: FindingList,
): ReleasedHolds {
  const bySeq = new Map(records.map((record) => [record.seq, record]))
  const released: string[] = []
  for (const { id: hold, released_by } of holdsIn(records, []).placed) {
    const record = released_by === undefined ? undefined : bySeq.get(released_by)
    if (record === undefined) continue
    const { seq, id, timestamp } = record
    // Its own time: that of its recording never falls back, and may be ahead where a clock once was.
    const place = { ledger, done_at: parseTimestamp(timestamp) ?? 0 }
    const authority = releaseAuthority(readHoldRelease(record), place, approvers)
    if (authority.state === 'approved') released.push(authority.approver)
    else if (authority.state === 'not checked') {
      const problem = `the hold ${hold} was released; by whose leave was not checked`
      findings.add(finding('hold-release-not-checked', { seq, id }, problem))
    } else {
      const problem = `the hold ${hold} was released by nobody’s leave (${authority.because})`
      findings.add(finding('hold-release-unauthorised', { seq, id }, problem))
    }
  }
  return released
}

/** By whose leave, in words; nothing where no hold was released. */
export function releasesSay(released: ReleasedHolds): string {
  if (released.length === 0) return ''
  const holds = released.length === 1 ? '1 hold' : `${released.length} holds`
  return `; ${holds} released by leave of ${[...new Set(released)].sort().join(', ')}`
}
