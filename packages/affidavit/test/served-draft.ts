// Drafts of processes that write to a server, by their number.

import type { Draft } from '../src/formats/fields.ts'

/** So few that a server that is away fills it. */
export const SPOOL_BYTES = 16_000

export function servedDraft(n: number, lane: number): Draft & { readonly id: string } {
  const filler = 'x'.repeat(1_000)
  return {
    id: `01a1fc50-5200-7000-8000-${String(n).padStart(12, '0')}`,
    timestamp: new Date(Date.UTC(2026, 10, 21) + n).toISOString(),
    action: 'tool_invoked',
    actor_id: 'triage',
    actor_type: 'agent',
    conversation_id: `lane-${lane}`,
    details: { n, filler },
  }
}
