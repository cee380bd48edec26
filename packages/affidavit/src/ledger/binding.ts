// Records that can change what may be destroyed: a decision to destroy is judged behind all of them (spec/holds.md §3).

import { type Draft, LATE_ACTIONS } from '../formats/fields.ts'
import type { PreparedDraft } from './store.ts'

/** A hold binds records, policies say how long they are kept, and late facts whom they are about and as what they are kept. */
export const BINDING_ACTIONS: readonly string[] = ['hold_placed', 'policy_changed', ...LATE_ACTIONS]

export function bindingOf({ action }: Pick<Draft, 'action'>): Pick<PreparedDraft, 'binding'> {
  return BINDING_ACTIONS.includes(action) ? { binding: true } : {}
}
