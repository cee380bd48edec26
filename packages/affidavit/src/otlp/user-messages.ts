// Messages of the user that a call was asked with (spec/otlp.md §5). One that stands at the end is new; a message is one record for each
// time that it is said, however many spans tell of it.

import { countCharacters } from '../bytes/text.ts'
import { canonicalText } from '../capture/canonical-text.ts'
import { captured, contentsOf } from '../capture/captured.ts'
import { missingOf } from './contents.ts'
import { conversationOf, type Once, type Setting, userRecord } from './setting.ts'
import type { Message } from './step.ts'
import { isFromUser, wordsOf } from './words.ts'

export interface Heard {
  readonly records: readonly Once[]
  /** The last message of the user in the history, new or not: what the call answers. */
  readonly cause: string | undefined
}

export function hear(setting: Setting, input: readonly Message[]): Heard {
  const said = input.filter(isFromUser)
  const ids = idsOf(setting, said)
  const lastOther = input.findLastIndex((message) => !isFromUser(message))
  const known = lastOther + 1 - (input.length - said.length)
  const records = said.slice(known).map((message, i) => heard(setting, message, ids[known + i] ?? ''))
  return { records, cause: ids.at(-1) }
}

// By everything that the user said until then: the same words, said again, are another message.
function idsOf(setting: Setting, said: readonly Message[]): readonly string[] {
  const { ledger } = setting
  const conversation = conversationOf(setting) ?? ''
  let before = ''
  return said.map(({ parts }) => {
    before = ledger.digest(canonicalText(JSON.stringify({ before, parts })))
    return ledger.deriveId('otlp', 'user_message', conversation, before)
  })
}

function heard(setting: Setting, { parts }: Message, id: string): Once {
  const words = wordsOf(parts)
  const isText = parts.every(({ type }) => type === 'text')
  const isHidden = parts.length > 0 && parts.every(({ type }) => type === 'redacted')
  const { content, uncaptured } = contentsOf(
    parts.length === 0 || isHidden ? undefined : captured('message', isText ? words : parts),
  )
  const { draft } = userRecord(setting, {
    id,
    action: 'user_message_received',
    outcome: 'success',
    at: 'start',
    content,
    details: isHidden
      ? { uncaptured: missingOf('message', { state: 'redacted' }) }
      : { characters: countCharacters(words), uncaptured },
  })
  return { draft, by: 'fact' }
}
