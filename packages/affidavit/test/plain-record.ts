// Records as a reader has them, for tests of what is judged from them and of nothing else: no entry was made of them.

import { formatTimestamp } from '../src/clock/clock.ts'
import type { AuditRecord } from '../src/formats/fields.ts'

/** The time of the record at 0. */
export const BEGINNING: number = Date.UTC(2026, 10, 21, 9)
const HOUR = 3_600_000

/** So many hours after the record at 0. */
export function hour(hours: number): string {
  return formatTimestamp(BEGINNING + hours * HOUR)
}

export function plainId(seq: number): string {
  return `0193f5a2-7c00-7abc-8def-${String(seq).padStart(12, '0')}`
}

/** The record at a seq, recorded so many hours after that at 0, and claimed to be of that moment. */
export function plainRecord(seq: number, fields: Partial<AuditRecord>): AuditRecord {
  return {
    v: 1,
    ledger: 'clinic.example/agents/0123456789abcdef',
    seq,
    id: plainId(seq),
    salt: '0'.repeat(32),
    timestamp: hour(seq),
    recorded_at: hour(seq),
    action: 'tool_invoked',
    actor_id: 'clinic-agent',
    actor_type: 'agent',
    data_classification: 'restricted',
    retention_class: 'default',
    assurance: 'recorded',
    draft_commitment: '0'.repeat(64),
    previous_hash: '',
    integrity_hash: '0'.repeat(64),
    ...fields,
  }
}
