// Actions whose records have a form of their own: late facts, grants, approvals of prompts, holds (spec/entry.md §4).

import type { Draft } from './fields.ts'
import { readGrant, readRevocation } from './grant.ts'
import { readHold, readHoldRelease } from './hold.ts'
import { isLateFact, readLateFact } from './late-facts.ts'
import { withOwnDetails } from './own-details.ts'
import { isAboutPrompt, readPromptApproval } from './prompt-approval.ts'

/**
 * A draft in its form, with details that no longer belong to the caller: they are judged here, and so are read here, once.
 * A draft whose action has no form as it is. What was imported says what a foreign file said: late facts alone are held to
 * theirs, for readers follow them.
 * @throws DraftFault where it is not in its form; JsonFault where its details have no canonical form
 */
export function checkForm(draft: Draft): Draft {
  const read = readerFor(draft)
  if (read === undefined) return draft
  const own = withOwnDetails(draft)
  read(own)
  return own
}

function readerFor(draft: Draft): ((draft: Draft) => unknown) | undefined {
  const { action, assurance } = draft
  if (isLateFact(action)) return readLateFact
  if (action === 'hold_placed') return readHold
  if (action === 'hold_released') return readHoldRelease
  if (assurance === 'imported') return undefined
  if (action === 'access_granted') return readGrant
  if (action === 'access_revoked') return readRevocation
  return isAboutPrompt(draft) ? readPromptApproval : undefined
}
