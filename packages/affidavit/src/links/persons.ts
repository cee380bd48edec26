// Who is one person by links that stand, and whom a record is about (spec/late-facts.md §2), answered for many records: the
// facts are gone through once.

import type { AuditRecord } from '../formats/fields.ts'
import type { Placed } from './facts.ts'
import { standingLinks } from './standing.ts'

/** What has to be known of a record to tell whom it is about. */
export type Mentioning = Pick<AuditRecord, 'id' | 'seq' | 'subject_ids' | 'content'>

export interface Persons {
  /** One subject for all that are the same person; the subject itself where nothing links it. */
  personOf(subject: string): string
  /** The persons that the record, or content of it, names, and those that it was linked to. */
  personsIn(record: Mentioning): ReadonlySet<string>
}

export function personsBy(facts: readonly Placed[]): Persons {
  const links = standingLinks(facts)
  const above = new Map<string, string>()
  const linkedTo = Map.groupBy(links.content, ({ parent_id }) => parent_id)

  function personOf(subject: string): string {
    let top = subject
    for (let next = above.get(top); next !== undefined; next = above.get(top)) top = next
    // Whoever asks next has one step to go.
    for (let one = subject; one !== top; ) {
      const next = above.get(one) ?? top
      above.set(one, top)
      one = next
    }
    return top
  }

  for (const { subject_ids } of links.subjects) {
    const [first = '', ...others] = subject_ids.map(personOf)
    for (const other of others) if (personOf(other) !== personOf(first)) above.set(personOf(other), personOf(first))
  }

  return {
    personOf,
    personsIn({ id, seq, subject_ids = [], content = [] }) {
      const later = (linkedTo.get(id) ?? []).filter((link) => link.seq > seq)
      const named = [...content, ...later].flatMap((one) => one.subject_ids)
      return new Set([...subject_ids, ...named].map(personOf))
    },
  }
}
