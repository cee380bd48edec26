// The records that the disk tests append: number `i` is always the same draft, so that it can be handed in again.

import type { Draft } from '../src/formats/fields.ts'

export function diskDraft(i: number): Draft & { id: string } {
  return {
    id: `01a1fc50-5200-7000-8000-${String(i).padStart(12, '0')}`,
    action: 'tool_invoked',
    actor_id: 'agent-1',
    actor_type: 'agent',
    conversation_id: 'c',
  }
}
