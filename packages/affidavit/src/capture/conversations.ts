// What is known of the conversations under way: how each began, what it waits for, and when nothing happened in it any more
// (spec/capture.md §3). Bounded: the one that was quiet longest is forgotten first, which ends nothing.

import type { Begun } from './begun.ts'
import type { History } from './history.ts'
import type { SeenCall } from './steps.ts'

/** A call of a tool that an answer asked for, and nobody ran yet. */
export interface AskedCall extends SeenCall {
  /** Id of the answer. */
  readonly answer: string
}

export interface Conversation {
  readonly id: string | undefined
  /** `conversation_started`: its id, and when it is on its way. */
  started: { readonly id: string; readonly begun: Promise<Begun> } | undefined
  /** Id of the newest message of the user. */
  question: string | undefined
  /** Id of the newest answer, and the characters of it. */
  answer: { readonly id: string; readonly characters: number } | undefined
  /** Texts of messages that the application recorded itself, and no model was given yet. */
  readonly told: Set<string>
  readonly asked: Map<string, AskedCall>
  /** Ids of the records of data that was accessed in this turn. */
  accessed: string[]
  /** What was sent last, by agent. */
  readonly histories: Map<string, History[]>
  /** Milliseconds of the clock that only runs forward. */
  touchedAt: number
}

const REMEMBERED = 10_000

export interface Conversations {
  of(id: string): Conversation
  forget(id: string): void
  size(): number
  /** Those in which nothing happened since. */
  quietSince(elapsed: number): readonly Conversation[]
}

export function createConversations(elapsed: () => number): Conversations {
  const known = new Map<string, Conversation>()
  return {
    of(id) {
      const conversation = known.get(id) ?? newConversation(id)
      known.delete(id)
      known.set(id, conversation)
      conversation.touchedAt = elapsed()
      const [oldest] = known.keys()
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
      return conversation
    },
    forget(id) {
      known.delete(id)
    },
    size: () => known.size,
    quietSince: (instant) => [...known.values()].filter(({ touchedAt }) => touchedAt < instant),
  }
}

export function newConversation(id: string | undefined): Conversation {
  return {
    id,
    started: undefined,
    question: undefined,
    answer: undefined,
    told: new Set(),
    asked: new Map(),
    accessed: [],
    histories: new Map(),
    touchedAt: 0,
  }
}
