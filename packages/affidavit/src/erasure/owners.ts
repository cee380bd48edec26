// Whose keys an erasure destroys: persons by their tokens, and conversations by their ids (spec/erasure.md §2).

import { ascending, label, type Rule, token } from '../papers/rules.ts'

export interface Owners {
  /** Tokens, ascending. */
  readonly subjects: readonly string[]
  /** Conversation ids, ascending. */
  readonly conversations: readonly string[]
}

export const OWNERS: Readonly<Record<keyof Owners, Rule>> = {
  subjects: ascending(token, 0, 100),
  conversations: ascending(label, 0, 500),
}

/** UTF-8 bytes of both lists as JSON: the entries that record the erasure have to carry them. */
const MAX_OWNER_BYTES = 32_000

/** What is wrong with lists that are right by the rules. */
export function ownersProblem({ subjects, conversations }: Owners): string | undefined {
  if (subjects.length + conversations.length === 0) return 'it is about nobody'
  const bytes = Buffer.byteLength(JSON.stringify([subjects, conversations]))
  return bytes > MAX_OWNER_BYTES ? 'no entry can carry so many ids: make several plans' : undefined
}
