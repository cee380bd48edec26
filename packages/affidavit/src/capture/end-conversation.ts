// The end of a conversation: by the application's word, or when nothing of it was recorded for long (spec/capture.md §3). A later
// message goes on in it.

import type { Alarm } from '../clock/alarm.ts'
import type { Clock } from '../clock/clock.ts'
import { type Steps, settle } from './begin.ts'
import { type Begun, NOTHING_BEGUN } from './begun.ts'
import type { Conversation, Conversations } from './conversations.ts'
import { agentDraft } from './draft-of.ts'
import { newRun } from './run.ts'
import { startOf } from './start-conversation.ts'

export interface EndingParts {
  readonly steps: Steps
  readonly conversations: Conversations
  readonly idleMinutes: number
  readonly clock: Clock
  readonly alarm: Alarm
}

export interface Ending {
  /** Ends a conversation that began; that of the run where none is named. @throws LedgerError */
  end(conversation_id: string | undefined): Promise<void>
  /** From now on conversations end of which nothing is recorded any more. */
  watch(): void
  stop(): void
}

const REASONS = { call: 'ended by the application', idle: 'nothing was recorded of it any more' } as const
const MINUTE = 60_000

export function createEnding({ steps, conversations, idleMinutes, clock, alarm }: EndingParts): Ending {
  const idleMillis = idleMinutes * MINUTE
  let watching: { stop(): void } | undefined
  let state: 'open' | 'stopped' = 'open'

  async function end(conversation: Conversation, why: keyof typeof REASONS): Promise<void> {
    if (conversation.state === 'ended') return
    conversation.state = 'ended'
    try {
      const began = await begunIn(conversation)
      if (began !== undefined) await record(conversation, began, why)
    } catch (error) {
      conversation.state = 'open'
      throw error
    }
  }

  /** It may have begun in another process. */
  async function begunIn({
    id,
    started,
  }: Conversation): Promise<{ readonly id: string; readonly begun: Begun } | undefined> {
    if (started !== undefined) return { id: started.id, begun: await started.begun }
    const start = id === undefined ? undefined : startOf(steps, id)
    const isThere = start !== undefined && (await steps.ledger.isRecorded(start))
    return isThere ? { id: start, begun: NOTHING_BEGUN } : undefined
  }

  function record(
    conversation: Conversation,
    { id: parent_id, begun }: { readonly id: string; readonly begun: Begun },
    why: keyof typeof REASONS,
  ): Promise<void> {
    const { run } = steps.whereabouts()
    const draft = agentDraft(
      steps.acting(run.conversation === conversation ? run : newRun(undefined, conversation, undefined)),
      { id: steps.newId(), action: 'conversation_ended', parent_id, outcome_reason: REASONS[why] },
    )
    return settle(steps, [{ kind: 'message', draft }], [begun])
  }

  function watch(): void {
    const quietest = conversations.quietest()
    if (state === 'stopped' || watching !== undefined || quietest === undefined) return
    watching = alarm(Math.max(MINUTE, quietest + idleMillis - clock.elapsed()), () => {
      watching = undefined
      for (const quiet of conversations.quietSince(clock.elapsed() - idleMillis)) {
        conversations.forget(quiet)
        // What cannot be recorded now is tried again when it was quiet for as long once more.
        end(quiet, 'idle').catch(() => {
          conversations.touch(quiet)
          watch()
        })
      }
      watch()
    })
  }

  return {
    end(conversation_id) {
      const { conversation } = steps.whereabouts().run
      return end(conversation_id === undefined ? conversation : conversations.of(conversation_id), 'call')
    },
    watch,
    stop() {
      state = 'stopped'
      watching?.stop()
    },
  }
}
