// A message of the user, as a record: it begins a turn, or goes with others (spec/capture.md §1).

import { countCharacters } from '../bytes/text.ts'
import type { Intended, Steps } from './begin.ts'
import { capturedText, contentsOf } from './captured.ts'
import { userDraft } from './draft-of.ts'
import type { Run } from './run.ts'
import { addMessage } from './turns.ts'

export function userMessage(steps: Steps, run: Run, text: string): Intended {
  const id = steps.newId()
  const { content, uncaptured } = contentsOf(capturedText('message', text))
  const draft = userDraft(steps.acting(run), {
    id,
    action: 'user_message_received',
    parent_id: run.conversation.started?.id,
    content,
    details: { characters: countCharacters(text), uncaptured },
  })
  return { kind: 'message', draft, ...addMessage(run, id, text) }
}
