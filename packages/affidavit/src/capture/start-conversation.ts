// The beginning of a conversation: recorded once, whoever notices it (spec/capture.md §3).

import { beginBeside, type Steps } from './begin.ts'
import { type Begun, NOTHING_BEGUN } from './begun.ts'
import type { Conversation } from './conversations.ts'
import { userDraft } from './draft-of.ts'
import type { Run } from './run.ts'

/** Resolves when it is known whether it began before, and else on its way: what comes after it is recorded after it. */
export function startConversation(steps: Steps, run: Run): Promise<Begun> {
  const { conversation } = run
  if (conversation.id === undefined) return Promise.resolve(NOTHING_BEGUN)
  if (conversation.started !== undefined) return conversation.started.begun
  const id = steps.ledger.deriveId('capture', 'conversation_started', conversation.id)
  const begun = start(steps, run, id)
  conversation.started = { id, begun }
  return begun
}

async function start(steps: Steps, run: Run, id: string): Promise<Begun> {
  // A ledger that cannot be asked is told: the id says that it is the same.
  if (await steps.ledger.isRecorded(id).catch(() => false)) return NOTHING_BEGUN
  const { timestamp, ...draft } = userDraft(
    { run, agent_name: steps.agent_name, timestamp: steps.now() },
    { id, action: 'conversation_started' },
  )
  return beginBeside(steps, [{ kind: 'message', draft, once: true, failed: () => forget(run.conversation, id) }])
}

function forget(conversation: Conversation, id: string): void {
  if (conversation.started?.id === id) conversation.started = undefined
}
