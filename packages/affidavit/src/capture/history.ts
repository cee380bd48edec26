// Histories that are sent again and again: what of a request is new (spec/capture.md §4).

import { hash } from 'node:crypto'

/** What was sent in one request, and the record of it. */
export interface History {
  /** Id of its `model_invoked`. */
  readonly id: string
  /** SHA-256 of each message as sent. They stay in this process. */
  readonly messages: readonly string[]
}

/** A request that was continued, and how many of its messages were sent again: all of them. */
export interface Continued {
  readonly continues: string
  readonly messages_kept: number
}

/** Lines of history that one agent may follow at a time in a conversation. */
const LINES = 8

export function fingerprint(text: string): string {
  return hash('sha256', text, 'base64url')
}

/** The longest earlier history that these messages begin with. */
export function continuedBy(lines: readonly History[], messages: readonly string[]): Continued | undefined {
  let longest: History | undefined
  for (const line of lines) {
    if (line.messages.length === 0 || line.messages.length > messages.length) continue
    if (longest !== undefined && longest.messages.length >= line.messages.length) continue
    if (line.messages.every((message, i) => message === messages[i])) longest = line
  }
  return longest && { continues: longest.id, messages_kept: longest.messages.length }
}

/** The lines with this one, which takes the place of the one that it continues. */
export function followed(lines: readonly History[], line: History, continued: Continued | undefined): History[] {
  const others = lines.filter(({ id }) => id !== continued?.continues)
  return [...others, line].slice(-LINES)
}
