// Histories that are sent again and again: what of a request is new (spec/capture.md §4).

import { hash } from 'node:crypto'

/** What was sent in one request that is on record. Digests of it stay in this process. */
export interface History {
  /** Id of its `model_invoked`. */
  readonly id: string
  /** How many messages it had. */
  readonly messages: number
  /** Of all of them. */
  readonly digest: string
  /** The work in which it was sent. */
  readonly work: object
}

/** Lines of history that one agent may follow at a time in a conversation. */
const LINES = 8

/** For each message the digest of it and all before it. */
export function digestsOf(texts: readonly string[]): readonly string[] {
  let digest = ''
  return texts.map((text) => {
    digest = hash('sha256', `${digest}\n${text}`, 'base64url')
    return digest
  })
}

/** The longest earlier history that a request of these messages begins with. */
export function continuedBy(lines: readonly History[], digests: readonly string[]): History | undefined {
  let longest: History | undefined
  for (const line of lines) {
    if (line.messages === 0 || digests[line.messages - 1] !== line.digest) continue
    if (longest === undefined || longest.messages < line.messages) longest = line
  }
  return longest
}

/** The lines with this one, which takes the place of the one that it continues. */
export function followed(lines: readonly History[], line: History, continued: History | undefined): History[] {
  return [...lines.filter(({ id }) => id !== continued?.id), line].slice(-LINES)
}
