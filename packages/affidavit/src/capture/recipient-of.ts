// Whom a call goes to, as a record can name it (spec/entry.md §3.3). What cannot be named so is nobody that a registry knows: no call
// is passed over for its spelling.

import { DraftFault } from '../formats/draft-fault.ts'
import { readRecipient } from '../formats/recipient.ts'
import { labelOf } from './captured.ts'

const UNREADABLE = 'unreadable'

export function recipientOf(told: string | undefined): string | undefined {
  if (told === undefined || told === '') return undefined
  const url = URL.parse(told)
  // User, password, query and fragment are no part of whom it goes to.
  const whole = url === null ? told : told.replace(/[?#].*$/s, '')
  const named = [whole, url === null || url.origin === 'null' ? undefined : url.origin, labelOf(whole.trim())]
  return named.find((one) => one !== undefined && isReadable(one)) ?? UNREADABLE
}

function isReadable(recipient: string): boolean {
  try {
    readRecipient('model_invoked', { recipient })
    return true
  } catch (error) {
    if (error instanceof DraftFault) return false
    throw error
  }
}
