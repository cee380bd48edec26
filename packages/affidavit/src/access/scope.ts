// Which records there are for somebody (spec/sign-in.md §6). Pure.

import type { AuditRecord } from '../formats/fields.ts'

/** Each part that is absent restricts nothing. */
export interface Scope {
  /** `agent_name` is one of these; never empty. */
  readonly agents?: readonly string[]
  /** `timestamp` is not before it. */
  readonly from?: string
  /** `timestamp` is before it. */
  readonly until?: string
}

export function isInScope(
  { agents, from, until }: Scope,
  { agent_name, timestamp }: Pick<AuditRecord, 'agent_name' | 'timestamp'>,
): boolean {
  if (agents !== undefined && (agent_name === undefined || !agents.includes(agent_name))) return false
  return (from === undefined || timestamp >= from) && (until === undefined || timestamp < until)
}
