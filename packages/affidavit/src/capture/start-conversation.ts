// The beginning of a conversation: recorded once, whoever notices it (spec/capture.md §3).

import type { AuditedLedger } from './audited-ledger.ts'
import { beginBeside, type Steps } from './begin.ts'
import { type Begun, NOTHING_BEGUN } from './begun.ts'
import type { Conversation } from './conversations.ts'
import { userDraft } from './draft-of.ts'
import type { Run } from './run.ts'

/** Resolves when it is known whether it began before, and else on its way: what comes after it is recorded after it. */
export function startConversation(steps: Steps, run: Run): Promise<Begun> {
  const { conversation } = run
  if (conversation.id === undefined) return Promise.resolve(NOTHING_BEGUN)
  // It goes on, where it had ended.
  conversation.state = 'open'
  if (conversation.started !== undefined) return conversation.started.begun
  const id = startOf(steps, conversation.id)
  const begun = start(steps, run, id)
  conversation.started = { id, begun }
  return begun
}

/** Id of the record of its beginning. */
export function startOf(
  { ledger }: { readonly ledger: Pick<AuditedLedger, 'deriveId'> },
  conversation_id: string,
): string {
  return ledger.deriveId('capture', 'conversation_started', conversation_id)
}

async function start(steps: Steps, run: Run, id: string): Promise<Begun> {
  if (await isThere(steps, id)) return NOTHING_BEGUN
  const { timestamp: _, ...draft } = userDraft(steps.acting(run), { id, action: 'conversation_started' })
  const { conversation } = run
  return beginBeside(steps, [
    {
      kind: 'message',
      draft,
      once: true,
      recorded: () => replace(conversation, id, { id, begun: Promise.resolve(NOTHING_BEGUN) }),
      takeBack: () => replace(conversation, id, undefined),
    },
  ])
}

// A ledger that cannot be asked is told: the id says that it is the same. One that is known to take nothing is not even asked, where
// the record may wait.
async function isThere({ ledger, recorder, policies }: Steps, id: string): Promise<boolean> {
  if (policies.message === 'spool' && recorder.degraded() !== undefined) return false
  return ledger.isRecorded(id).catch(() => false)
}

// It may have ended meanwhile, and begun anew.
function replace(conversation: Conversation, id: string, by: Conversation['started']): void {
  if (conversation.started?.id === id) conversation.started = by
}
