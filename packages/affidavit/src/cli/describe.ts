// One record as a sentence and as table cells: who did what, to which data, when, and why.

import type { AuditRecord } from '../formats/fields.ts'
import { TOKEN } from '../formats/token.ts'
import { printable } from './output.ts'

export const RECORD_COLUMNS: readonly string[] = [
  'SEQ',
  'RECORDED',
  'ACTION',
  'OUTCOME',
  'ACTOR',
  'RESOURCE',
  'CONVERSATION',
]

/** `2026-11-21 09:30:00` */
export function secondOf(timestamp: string): string {
  return timestamp.slice(0, 19).replace('T', ' ')
}

export function recordCells(record: AuditRecord): string[] {
  return [
    String(record.seq),
    secondOf(record.recorded_at),
    record.action,
    record.outcome ?? '·',
    printable(record.actor_id),
    resourceOf(record) ?? '·',
    printable(record.conversation_id ?? '·'),
  ]
}

export function resourceOf({
  resource_type,
  resource_id,
}: Readonly<Pick<AuditRecord, 'resource_type' | 'resource_id'>>): string | undefined {
  if (resource_type === undefined) return undefined
  return printable(resource_id === undefined ? resource_type : `${resource_type} ${resource_id}`)
}

/** `agent clinic-agent (for user u-17) — data_accessed patient_record P-104, success, for treatment, at …` */
export function sentenceOf(record: AuditRecord): string {
  const { actor_type, actor_id, on_behalf_of, action, outcome, outcome_reason, purpose, timestamp } = record
  const parts = [
    `${actor_type} ${actor_id}${on_behalf_of === undefined ? '' : ` (for ${on_behalf_of})`} — ${action}`,
    resourceOf(record),
    outcome === undefined ? undefined : `${outcome}${outcome_reason === undefined ? '' : ` (${outcome_reason})`}`,
    purpose === undefined ? undefined : `for ${purpose}`,
    `at ${timestamp}`,
  ]
  return printable(parts.filter((part) => part !== undefined).join(', '))
}

/** Digests and tokens are told apart by their beginnings; `--json` has all of them. */
export function shortened(name: string | undefined): string {
  if (name === undefined) return 'unknown'
  return printable(/^[0-9a-f]{64}$/.test(name) || TOKEN.test(name) ? `${name.slice(0, 12)}…` : name)
}
