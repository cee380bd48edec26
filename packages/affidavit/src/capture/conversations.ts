// What is known of the conversations under way: how each began, what it waits for, and when nothing happened in it any more
// (spec/capture.md §3). Bounded: the one that was quiet longest is forgotten first, which ends nothing.

import { type AskedCalls, createAskedCalls } from './asked.ts'
import type { Begun } from './begun.ts'
import type { History } from './history.ts'
import { newTurn, type Turn } from './turn.ts'

export interface Conversation {
  readonly id: string | undefined
  state: 'open' | 'ended'
  /** `conversation_started`: its id, and when it is on its way. */
  started: { readonly id: string; readonly begun: Promise<Begun> } | undefined
  /** The newest turn of any work in it, and the newest answer. */
  turn: Turn
  answer: Answer | undefined
  readonly asked: AskedCalls
  /** What was sent last, by agent. */
  readonly histories: Map<string, readonly History[]>
  /** Milliseconds of the clock that only runs forward. */
  touchedAt: number
}

export interface Answer {
  readonly id: string
  readonly characters: number
}

const REMEMBERED = 10_000

export interface Conversations {
  of(id: string): Conversation
  /** Something of it is recorded. */
  touch(conversation: Conversation): void
  forget(conversation: Conversation): void
  /** When the one was touched that was quiet longest; `undefined` where there is none. */
  quietest(): number | undefined
  /** Those in which nothing happened after that instant. */
  quietSince(elapsed: number): readonly Conversation[]
}

export function createConversations(elapsed: () => number): Conversations {
  /** The one that was quiet longest is the first. */
  const known = new Map<string, Conversation>()

  function touch(conversation: Conversation): void {
    conversation.touchedAt = elapsed()
    const { id } = conversation
    // One that was forgotten while it was under way is known again.
    if (id === undefined) return
    known.delete(id)
    known.set(id, conversation)
    const [oldest] = known.keys()
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
  }

  return {
    of(id) {
      const conversation = known.get(id) ?? newConversation(id)
      touch(conversation)
      return conversation
    },
    touch,
    forget({ id }) {
      if (id !== undefined) known.delete(id)
    },
    quietest() {
      const [first] = known.values()
      return first?.touchedAt
    },
    quietSince: (instant) => [...known.values()].filter(({ touchedAt }) => touchedAt <= instant),
  }
}

export function newConversation(id: string | undefined): Conversation {
  return {
    id,
    state: 'open',
    started: undefined,
    turn: newTurn(),
    answer: undefined,
    asked: createAskedCalls(),
    histories: new Map(),
    touchedAt: 0,
  }
}
