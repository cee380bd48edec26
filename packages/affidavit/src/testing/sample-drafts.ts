// Drafts for the contract suites, admitted as the ledger admits them.

import { createSecretKey } from 'node:crypto'

import type { Draft } from '../formats/fields.ts'
import { createAdmission } from '../ledger/admit.ts'
import type { Batch, PreparedDraft } from '../ledger/store.ts'
import { fixedClock } from './fixed-clock.ts'

export const SAMPLE_TIME: number = Date.UTC(2026, 10, 21, 9, 30)

export interface Samples {
  /** An admitted draft: `fields` over those of a plain tool call. */
  prepare(fields?: Partial<Draft>): PreparedDraft
  /** A valid id that the same number always gives. */
  id(number: number): string
  batch(drafts: readonly PreparedDraft[], at?: number): Batch
}

export function samples(ledger: string): Samples {
  const clock = fixedClock(SAMPLE_TIME)
  const digestKey = createSecretKey(Buffer.alloc(32, 7))
  const { admit, deriveId } = createAdmission({ ledger, digestKey, actions: {}, clock })
  return {
    prepare: (fields = {}) => admit({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', ...fields }),
    id: (number) => deriveId('sample', String(number)),
    batch: (drafts, at = SAMPLE_TIME) => ({ ledger, drafts, at, patienceMillis: 5_000 }),
  }
}
