// What a record of an erasure means for those placed after it (spec/sealing.md §5).

import type { JsonValue } from '../bytes/json.ts'
import { parseErasureDetails } from '../erasure/phases.ts'
import type { Draft } from '../formats/fields.ts'
import type { PreparedDraft } from './store.ts'

type Fenced = Pick<PreparedDraft, 'keyring_generation' | 'keyring_fence'>

/**
 * A record of an erasure claims no later generation than the one it speaks of, whatever keys are at hand: where another erasure
 * was decided since, it gets no place, and fences only rise.
 */
export function fencedBy(draft: Pick<Draft, 'action' | 'details'>, keyring_generation: number): Fenced {
  if (draft.action !== 'content_erased') return { keyring_generation }
  // The ledger's own words, as erasure-records.ts drafts them: JSON, and nothing a caller gave.
  const told = parseErasureDetails((draft.details ?? null) as JsonValue)
  if (told === undefined) return { keyring_generation }
  if (told.phase !== 'decided' && told.phase !== 'ending-keys')
    return { keyring_generation: Math.min(keyring_generation, told.keyring_generation) }
  const keyring_fence = told.keyring_generation
  return { keyring_generation: Math.min(keyring_generation, keyring_fence - 1), keyring_fence }
}
