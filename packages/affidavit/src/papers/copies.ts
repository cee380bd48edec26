// Copies of the keyring, and of what was sealed, that an erasure knows of (spec/erasure.md §2). A copy that nobody knows of
// is in no list.

import { label, list, object, oneOf, type Rule } from './rules.ts'

const COPY_KINDS = ['backup', 'archive', 'export', 'replica', 'recipient'] as const
/**
 * `known`: nothing was done about it yet. `reached`: it opens no longer, or was destroyed. `not-reached`: it stays as it is,
 * and somebody has said so.
 */
const COPY_STATES = ['known', 'reached', 'not-reached'] as const

export interface Copy {
  readonly kind: (typeof COPY_KINDS)[number]
  /** For people: a place, a recipient. */
  readonly where: string
  readonly state: (typeof COPY_STATES)[number]
}

export const COPIES: Rule = list(object({ kind: oneOf(COPY_KINDS), where: label, state: oneOf(COPY_STATES) }), 0, 100)

/** Whether one copy stands twice: it could be in two states. */
export function repeatedCopy(copies: readonly Copy[]): boolean {
  return new Set(copies.map(copyName)).size < copies.length
}

/** What tells copies apart. */
export function copyName({ kind, where }: Copy): string {
  return `${kind} ${where}`
}
