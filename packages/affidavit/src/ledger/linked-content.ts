// Content that links say is about subjects who are erased, under keys of others (spec/erasure.md §6): which it is, and which
// scopes it lies under. No key is needed to know.

import type { AuditRecord, ContentReference } from '../formats/fields.ts'
import { contentsReached } from '../links/reached.ts'
import type { Scope } from '../vault/keyring-rows.ts'
import { expandQuery } from './follow.ts'
import { findEntry, recordOf } from './read.ts'
import { scopesOfContent } from './scopes.ts'
import type { LedgerStore } from './store.ts'

/** Whose keys: persons by their tokens, conversations by their ids as they stand in records. */
export interface Owners {
  readonly subjects: readonly string[]
  readonly conversations: readonly string[]
}

/** A payload as the record names it that the link is about. */
export interface LinkedContent {
  readonly record: AuditRecord
  readonly reference: ContentReference
}

type Reached = (record: Pick<AuditRecord, 'conversation_id'>, reference: ContentReference) => boolean

/** As scopesOf says: a content about persons is theirs, and what is about nobody is of its conversation. */
export function reachedBy({ subjects, conversations }: Owners): Reached {
  const persons = new Set(subjects)
  const ids = new Set(conversations)
  return ({ conversation_id }, { subject_ids }) => {
    if (subject_ids.length > 0) return subject_ids.some((subject) => persons.has(subject))
    return conversation_id !== undefined && ids.has(conversation_id)
  }
}

/**
 * What links that stand below `until` say is about one of these subjects too, and what their own keys do not reach; in the
 * order of blob_id. Papers of erasures are left out: without them nobody could finish one.
 */
export async function readLinked(
  store: LedgerStore,
  ledger: string,
  owners: Owners,
  until: number,
): Promise<readonly LinkedContent[]> {
  const isReached = reachedBy(owners)
  const found = new Map<string, LinkedContent>()
  for (const subject_id of owners.subjects) {
    const { records } = await expandQuery(store, ledger, { subject_id, until_seq: until }, until)
    for (const { id, content: names } of records) {
      const entry = await findEntry(store, ledger, id)
      if (entry === undefined) continue
      const record = recordOf(entry)
      for (const reference of contentsReached(record, names)) {
        const line = `${reference.blob_id} ${record.seq}`
        if (!isReached(record, reference)) found.set(line, { record, reference })
      }
    }
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, linked]) => linked)
}

/** The scopes whose keys go with linked contents: their own. Their records commit to the bodies under these too. */
export function scopesOfLinked(linked: readonly LinkedContent[]): readonly Scope[] {
  return linked.flatMap(({ record, reference }) => scopesOfContent(record, reference))
}
