// Records that can change what may be destroyed, or where it lies: whoever judges that judges behind all of them (spec/holds.md §3,
// spec/disposition.md §5).

import { type Draft, LATE_ACTIONS } from '../formats/fields.ts'
import type { PreparedDraft } from './store.ts'

/** A hold binds records; late facts and policies say how long they are kept; the others, where they lie, and which are gone. */
export const BINDING_ACTIONS: readonly string[] = [
  ...['hold_placed', 'policy_changed', 'records_archived', 'records_disposed'],
  ...LATE_ACTIONS,
]

export function bindingOf({ action }: Pick<Draft, 'action'>): Pick<PreparedDraft, 'binding'> {
  return BINDING_ACTIONS.includes(action) ? { binding: true } : {}
}
