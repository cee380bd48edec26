// The turn that a step belongs to, and the messages of the user that are new in a request: told by the history that it continues, else by
// the turn (spec/capture.md §4).

import { hash } from 'node:crypto'

import { describeValue } from './describe-value.ts'
import type { History } from './history.ts'
import type { Run } from './run.ts'
import type { SeenMessage } from './steps.ts'
import { newTurn, type Turn } from './turn.ts'

/** What is under way in this work, else what was last in the conversation. */
export function turnOf({ work, conversation }: Run): Turn {
  return work.turn ?? conversation.turn
}

/** The id of the newest message of the user, or of the beginning of the conversation: what causes the next step. */
export function causeOf(run: Run): string | undefined {
  return turnOf(run).messages.at(-1)?.id ?? run.conversation.started?.id
}

/** A message of the user. It begins a turn, unless it goes with others that no model was asked about yet. */
export function addMessage(run: Run, id: string, text: string): { takeBack(): void } {
  const { work, conversation } = run
  const before = turnOf(run)
  const goesWithOthers = before.messages.length > 0 && before.state === 'gathering'
  const turn = goesWithOthers ? before : newTurn()
  const message = { id, digest: digestOf(text) }
  turn.messages.push(message)
  work.turn = turn
  conversation.turn = turn
  return {
    takeBack() {
      turn.messages.splice(turn.messages.indexOf(message), 1)
      if (turn.messages.length > 0) return
      if (work.turn === turn) work.turn = before
      if (conversation.turn === turn) conversation.turn = before
    },
  }
}

/** A model is about to be asked in this turn. */
export function askIn(run: Run, agent: string): { recorded(): void; takeBack(): void } {
  const turn = turnOf(run)
  turn.state = 'asked'
  return {
    recorded() {
      turn.askedBy.add(agent)
    },
    takeBack() {
      if (turn.askedBy.size === 0) turn.state = 'gathering'
    },
  }
}

export interface Asking {
  readonly agent: string
  readonly messages: readonly SeenMessage[]
  readonly continued: History | undefined
}

/** The messages of the user at the end of a request that are on no record yet, in words. */
export function newMessages(run: Run, { agent, messages, continued }: Asking): readonly string[] {
  const kept = continued?.messages ?? 0
  const lastOther = messages.findLastIndex(({ role }) => role !== 'user')
  // Sent word for word once more in other work, the same text was said again.
  const isRepeated = kept === messages.length && continued?.work !== run.work
  const from = isRepeated ? messages.length - 1 : kept
  const known = isOfTurn(run, agent, kept > 0) ? turnOf(run).messages.map(({ digest }) => digest) : []
  const last = messages.slice(Math.max(lastOther + 1, from)).map(wordsOf)
  return last.filter((text) => {
    const at = known.indexOf(digestOf(text))
    if (at === -1) return true
    known.splice(at, 1)
    return false
  })
}

// A message may be a book, and a conversation goes on for long: no texts are kept.
function digestOf(text: string): string {
  return hash('sha256', text, 'base64url')
}

// A picture has no words: what stands for it is its JSON.
function wordsOf({ text = '', value }: SeenMessage): string {
  return text === '' ? describeValue(value).text : text
}

// Another agent is asked about the same messages; and so may the same one be, where its history does not tell what is new.
function isOfTurn(run: Run, agent: string, historyTells: boolean): boolean {
  const turn = turnOf(run)
  const isOfThisWork = run.work.turn === turn
  return turn.askedBy.has(agent) ? isOfThisWork && !historyTells : isOfThisWork || turn.state === 'gathering'
}
