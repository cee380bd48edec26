// Who does something to a ledger itself, for the record of it (spec/sequencing.md §7, spec/vault.md §8).

import type { Draft } from '../formats/fields.ts'

export interface Operator {
  readonly actor_id: string
  /** `user` where left out. */
  readonly actor_type?: Draft['actor_type']
  readonly purpose?: string
}

/** The actor of the record; the ledger itself where nobody is named. */
export function actorOf(operator: Operator | undefined): Pick<Draft, 'actor_id' | 'actor_type' | 'purpose'> {
  if (operator === undefined) return { actor_id: 'affidavit', actor_type: 'system' }
  const { actor_id, actor_type = 'user', purpose } = operator
  return { actor_id, actor_type, ...(purpose === undefined ? {} : { purpose }) }
}
