// What a search or an erasure of a person has to follow: the subjects that are this person, and the records that are
// about them by a later link (spec/late-facts.md §2).

import type { SubjectLink } from '../formats/late-facts.ts'
import type { Placed } from './facts.ts'
import { standingLinks } from './standing.ts'

/** A record that was linked to a subject after it was written. */
export interface LinkedRecord {
  readonly id: string
  /** Names of the payloads that are meant, sorted; the whole record where absent. */
  readonly content?: readonly string[]
}

/** All subjects that are the same person as `subject`, by links that stand; itself too, sorted. */
export function linkedSubjects(facts: readonly Placed[], subject: string): string[] {
  const links = linksBySubject(standingLinks(facts).subjects)
  const found = new Set([subject])
  const followed = new Set<Placed<SubjectLink>>()
  // A set hands out what is added while it is walked.
  for (const next of found) {
    for (const link of links.get(next) ?? []) {
      if (followed.has(link)) continue
      followed.add(link)
      for (const other of link.subject_ids) found.add(other)
    }
  }
  return [...found].sort()
}

function linksBySubject(links: readonly Placed<SubjectLink>[]): Map<string, Placed<SubjectLink>[]> {
  const bySubject = new Map<string, Placed<SubjectLink>[]>()
  for (const link of links) {
    for (const subject of link.subject_ids) {
      const known = bySubject.get(subject)
      if (known === undefined) bySubject.set(subject, [link])
      else known.push(link)
    }
  }
  return bySubject
}

/** The records that links which stand say are about one of these subjects too, each once, sorted by id. */
export function recordsLinkedTo(facts: readonly Placed[], subjects: readonly string[]): LinkedRecord[] {
  const wanted = new Set(subjects)
  const links = standingLinks(facts).content.filter(({ subject_ids }) => subject_ids.some((one) => wanted.has(one)))
  const byRecord = Map.groupBy(links, ({ parent_id }) => parent_id)
  return [...byRecord.keys()].sort().map((id) => {
    const named = (byRecord.get(id) ?? []).map(({ content }) => content)
    if (named.includes(undefined)) return { id }
    return { id, content: [...new Set(named.flatMap((names) => names ?? []))].sort() }
  })
}
