// Drafts for the contract suites, admitted as the ledger admits them.

import type { Draft } from '../formats/fields.ts'
import type { Batch, PreparedDraft } from '../ledger/store.ts'
import { fixedClock } from './fixed-clock.ts'
import { plainAdmission } from './plain-admission.ts'

export const SAMPLE_TIME: number = Date.UTC(2026, 10, 21, 9, 30)

export interface Samples {
  /** An admitted draft: `fields` over those of a plain tool call. */
  prepare(fields?: Partial<Draft>): PreparedDraft
  /** As `prepare`, for a record that the ledger writes about itself. */
  prepareOwn(fields?: Partial<Draft>): PreparedDraft
  /** A valid id that the same number always gives. */
  id(number: number): string
  batch(drafts: readonly PreparedDraft[], at?: number): Batch
}

export function samples(ledger: string): Samples {
  const clock = fixedClock(SAMPLE_TIME)
  const { admit, admitOwn, deriveId } = plainAdmission({ ledger, clock })
  return {
    prepare: (fields = {}) => admit({ action: 'tool_invoked', actor_id: 'agent-1', actor_type: 'agent', ...fields }),
    prepareOwn: (fields = {}) =>
      admitOwn({ action: 'clock_stepped', actor_id: 'affidavit', actor_type: 'system', ...fields }),
    id: (number) => deriveId('sample', String(number)),
    batch: (drafts, at = SAMPLE_TIME) => ({ ledger, drafts, at, patienceMillis: 5_000 }),
  }
}
