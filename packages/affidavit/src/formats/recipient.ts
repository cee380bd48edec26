// Whom a record says that data is handed to: a label in its details (spec/entry.md §3.3).

import type { JsonValue } from '../bytes/json.ts'
import { labelProblem } from '../bytes/label.ts'
import { isApplicationAction } from './actions.ts'
import { DraftFault } from './draft-fault.ts'
import { type Draft, MAX_LABEL_BYTES } from './fields.ts'

const RECIPIENT_MEMBER = 'recipient'
export const RECIPIENT_PATH: string = `details.${RECIPIENT_MEMBER}`

/** The actions of the format by which data goes to somebody. */
const HANDOVERS: ReadonlySet<string> = new Set([
  'model_invoked',
  'tool_invoked',
  'data_disclosed',
  'agent_response_delivered',
])

type Handover = Pick<Draft, 'action'> & { readonly details?: { readonly [name: string]: unknown } }

/** The name or URI of the recipient; `undefined` where a record of this action names none. */
export function recipientOf({ action, details }: Handover): string | undefined {
  const recipient = valueIn(action, details)
  return typeof recipient === 'string' ? recipient : undefined
}

/**
 * As recipientOf, for a draft. What cannot be read cannot be judged.
 * @throws DraftFault where it is no label, a URI with a user name or a password, or one in a spelling that readers of URLs
 *   accept and the registry does not know
 */
export function readRecipient(
  action: Draft['action'],
  details: { readonly [name: string]: JsonValue } | undefined,
): string | undefined {
  const recipient = valueIn(action, details)
  if (recipient === undefined) return undefined
  if (typeof recipient !== 'string') throw new DraftFault(RECIPIENT_PATH, 'must be a name or a URI, as text')
  const problem = labelProblem(recipient, MAX_LABEL_BYTES)
  if (problem !== undefined) throw new DraftFault(RECIPIENT_PATH, problem)
  if (USER_IN_URI.test(recipient)) throw new DraftFault(RECIPIENT_PATH, 'holds a user name or a password; leave it out')
  if (hasOtherSpelling(recipient)) throw new DraftFault(RECIPIENT_PATH, 'is spelled unusually; write https://host/path')
  return recipient
}

// Readers of URLs take a backslash for a slash.
const USER_IN_URI = /^(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}[^/\\?#]*@/i
// With these schemes they find a host behind any number of slashes, and behind none.
const WITHOUT_ITS_SLASHES = /^(?:https?|wss?|ftp):(?!\/\/[^/\\])/i

/** Whether a name looks like a URI whose slashes are not the two that belong there: `https:/host`. */
export function lacksItsSlashes(name: string): boolean {
  return WITHOUT_ITS_SLASHES.test(name)
}

// It would lead to the same place, and no entry of the registry would speak of it.
function hasOtherSpelling(recipient: string): boolean {
  if (recipient.trim() !== recipient || lacksItsSlashes(recipient)) return true
  return URL.parse(recipient)?.hostname.endsWith('.') ?? false
}

function valueIn(action: Draft['action'], details: Handover['details']): unknown {
  const names = HANDOVERS.has(action) || isApplicationAction(action)
  return names && details !== undefined && Object.hasOwn(details, RECIPIENT_MEMBER)
    ? details[RECIPIENT_MEMBER]
    : undefined
}
