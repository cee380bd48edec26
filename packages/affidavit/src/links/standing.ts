// Which links stand: those that were not taken back (spec/late-facts.md §2).

import type { ContentLink, SubjectLink, Unlink } from '../formats/late-facts.ts'
import { type IgnoredFact, ignored, type Placed } from './facts.ts'

export type Link = Placed<SubjectLink> | Placed<ContentLink>

export interface Standing {
  readonly subjects: readonly Placed<SubjectLink>[]
  readonly content: readonly Placed<ContentLink>[]
  /** Seqs of what took a link back, by the id of the link. */
  readonly takenBack: ReadonlyMap<string, number>
  /** What would take back a link, and does not. */
  readonly ignored: readonly IgnoredFact[]
}

/** Links and what takes them back, in whatever order they are given: their seqs decide. */
export function standingLinks(facts: readonly Placed[]): Standing {
  const links = new Map<string, Link>()
  const takenBack = new Map<string, number>()
  const refused: IgnoredFact[] = []
  for (const fact of facts.toSorted((one, other) => one.seq - other.seq)) {
    if (fact.action === 'subject_linked' || fact.action === 'content_linked') links.set(fact.id, fact)
    if (fact.action !== 'subject_unlinked') continue
    if (takesBack(fact, links.get(fact.parent_id))) {
      links.delete(fact.parent_id)
      takenBack.set(fact.parent_id, fact.seq)
    } else refused.push(ignored(fact, 'no-link', 'parent_id is the id of no link of these subjects that stands'))
  }
  const standing = [...links.values()]
  return {
    subjects: standing.filter((link) => link.action === 'subject_linked'),
    content: standing.filter((link) => link.action === 'content_linked'),
    takenBack,
    ignored: refused,
  }
}

// The subjects are said twice so that a wrong id takes nothing back, and so that each of them leads to it.
function takesBack({ subject_ids }: Unlink, link: Link | undefined): boolean {
  if (link === undefined || link.subject_ids.length !== subject_ids.length) return false
  const linked = new Set(link.subject_ids)
  return subject_ids.every((subject) => linked.has(subject))
}
