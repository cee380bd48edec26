// What a later incarnation says of records that an earlier one decided to destroy, and that came back with a backup (spec/disposition.md §9),
// as the earlier one would have said it. Pure.

import type { JsonValue } from '../bytes/json.ts'
import type { DispositionRecord } from './disposals.ts'
import { parseDispositionDetails, type Replaying } from './phases.ts'

/** @param later records `records_disposed` of the incarnations behind `ledger`: what of them is about records of it, and every paper */
export function replayedFor(ledger: string, later: Iterable<DispositionRecord>): readonly DispositionRecord[] {
  return [...later].flatMap((record) => {
    const told = parseDispositionDetails(record.details)
    if (told?.phase === 'paper') return [record]
    return told?.phase === 'replaying' && told.ledger === ledger ? asDecided(told) : []
  })
}

function asDecided({ leave, decided_seq, decided_at, ...told }: Replaying): readonly DispositionRecord[] {
  const { plan_sha256, manifest_sha256, records } = told
  const words = { plan_sha256, manifest_sha256 }
  const decided = { phase: 'decided', ...words, records }
  if ('approval_sha256' in leave) {
    const { approval_sha256 } = leave
    return [recordAt(decided_seq, decided_at, { ...decided, approval_sha256 })]
  }
  const { announced_seq, announced_at, delay_days } = leave
  return [
    recordAt(announced_seq, announced_at, { phase: 'announced', ...words, delay_days }),
    recordAt(decided_seq, decided_at, { ...decided, announced_seq }),
  ]
}

function recordAt(seq: number, at: string, details: { [name: string]: JsonValue }): DispositionRecord {
  return { seq, timestamp: at, recorded_at: at, details }
}
