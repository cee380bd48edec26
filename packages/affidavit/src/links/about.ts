// Whether a fact holds for the record that it names (spec/late-facts.md §2).

import type { AuditRecord } from '../formats/fields.ts'
import type { Amendment, ContentLink, Reclassification, RetentionAnchor } from '../formats/late-facts.ts'
import { type IgnoredFact, ignored, type Placed } from './facts.ts'

/** Facts about one record, which they name as their parent. */
export type AboutRecord =
  | Placed<ContentLink>
  | Placed<Reclassification>
  | Placed<Amendment>
  | Placed<Extract<RetentionAnchor, { of: 'record' }>>

/** What a fact is held against: the record with the id that it names. */
export type Target = Pick<AuditRecord, 'id' | 'seq' | 'content'>

export function isAboutRecord(fact: Placed): fact is AboutRecord {
  if (fact.action === 'retention_anchor_recorded') return fact.of === 'record'
  return fact.action !== 'subject_linked' && fact.action !== 'subject_unlinked'
}

/** Why this fact has no effect on the record with the id that it names; `undefined` where it holds. */
export function faultOf(fact: AboutRecord, record: Target | undefined): IgnoredFact | undefined {
  if (record === undefined) return ignored(fact, 'no-record', 'no record has the id in parent_id')
  if (record.seq >= fact.seq) return ignored(fact, 'no-record', 'the record with the id in parent_id comes after it')
  if (fact.action !== 'content_linked' || fact.content === undefined) return undefined
  const there = new Set(record.content?.map(({ name }) => name))
  const missing = fact.content.findIndex((name) => !there.has(name))
  if (missing < 0) return undefined
  return ignored(fact, 'no-content', `the record has no payload of the name in details.content[${missing}]`)
}
