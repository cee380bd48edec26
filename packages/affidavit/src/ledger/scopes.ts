// Under whose keys a record and its content are kept (spec/sealing.md §1).

import { DEFAULT_RETENTION_CLASS } from '../formats/fields.ts'
import type { Scope } from '../vault/keyring-rows.ts'

/** What decides the scopes of a record: ids as they stand in it. */
export interface Scoped {
  /** Tokens. */
  readonly subject_ids?: readonly string[] | undefined
  readonly conversation_id?: string | undefined
  readonly retention_class?: string | undefined
  readonly timestamp: string
}

/** One for each subject; where there is none, that of the conversation; else that of the ledger. */
export function scopesOf({ subject_ids = [], conversation_id, retention_class, timestamp }: Scoped): readonly Scope[] {
  const kept = { retention_class: retention_class ?? DEFAULT_RETENTION_CLASS, month: timestamp.slice(0, 7) }
  if (subject_ids.length > 0) return subject_ids.map((owner) => ({ owner_kind: 'subject', owner, ...kept }))
  if (conversation_id !== undefined) return [{ owner_kind: 'conversation', owner: conversation_id, ...kept }]
  return [{ owner_kind: 'ledger', owner: '', ...kept }]
}

/** Those of a content of a record: of whom it is about, by itself. */
export function scopesOfContent(
  record: Scoped,
  { subject_ids }: { readonly subject_ids: readonly string[] },
): readonly Scope[] {
  return scopesOf({ ...record, subject_ids })
}

/** What tells scopes apart. */
export function scopeName({ owner_kind, owner, retention_class, month }: Scope): string {
  return `${owner_kind}\n${owner}\n${retention_class}\n${month}`
}

/**
 * Under whose keys it is committed to what was handed in: those of the record, and of each of its contents, once each. Whichever
 * of them is destroyed, nothing can be tried against the commitment any more.
 */
export function committedScopes(
  record: Scoped & { readonly content?: readonly { readonly subject_ids: readonly string[] }[] },
): readonly Scope[] {
  const contents = (record.content ?? []).flatMap((content) => scopesOfContent(record, content))
  return [...new Map([...scopesOf(record), ...contents].map((scope) => [scopeName(scope), scope])).values()]
}
