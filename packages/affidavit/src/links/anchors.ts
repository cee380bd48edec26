// Anchors of retention periods that were recorded (spec/retention.md §3), answered for many records: the facts are gone
// through once.

import type { RecordedAnchor } from '../formats/anchors.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { AnchorScope, RetentionAnchor } from '../formats/late-facts.ts'
import type { Placed } from './facts.ts'
import { type Mentioning, personsBy } from './persons.ts'

/** What was recorded last of an anchor of a record. */
export interface KnownAnchor {
  readonly anchor: RecordedAnchor
  /** `YYYY-MM-DD`; `open` where it has not come, or not for good. */
  readonly day: string
  /** The seq of the fact. */
  readonly by: number
}

/** What has to be known of a record to tell its anchors. */
export type Anchored = Mentioning & Pick<AuditRecord, 'conversation_id' | 'resource_type' | 'resource_id'>

/** Tells the anchors of records, sorted by name. The newest that is about a record decides, whatever it is recorded of. */
export function anchorsIn(facts: readonly Placed[]): (record: Anchored) => readonly KnownAnchor[] {
  const { personOf, personsIn } = personsBy(facts)
  const newest = new Map<string, Map<RecordedAnchor, KnownAnchor>>()
  for (const fact of facts.filter(isAnchor).sort((one, other) => one.seq - other.seq)) {
    for (const key of keysOf(fact, personOf)) {
      const known = newest.get(key) ?? new Map<RecordedAnchor, KnownAnchor>()
      newest.set(key, known.set(fact.anchor, { anchor: fact.anchor, day: fact.day, by: fact.seq }))
    }
  }
  return (record) => {
    const found = new Map<RecordedAnchor, KnownAnchor>()
    for (const key of keysAbout(record, personsIn(record))) {
      for (const one of newest.get(key)?.values() ?? []) {
        // A fact about a record comes after it.
        if (key === keyOf('record', record.id) && one.by <= record.seq) continue
        if (one.by > (found.get(one.anchor)?.by ?? -1)) found.set(one.anchor, one)
      }
    }
    return [...found.values()].sort((one, other) => (one.anchor < other.anchor ? -1 : 1))
  }
}

function isAnchor(fact: Placed): fact is Placed<RetentionAnchor> {
  return fact.action === 'retention_anchor_recorded'
}

function keysOf(scope: AnchorScope, personOf: (subject: string) => string): readonly string[] {
  switch (scope.of) {
    case 'record':
      return [keyOf('record', scope.parent_id)]
    case 'conversation':
      return [keyOf('conversation', scope.conversation_id)]
    case 'resource':
      return [keyOf('resource', scope.resource_type, scope.resource_id)]
    case 'subjects':
      return scope.subject_ids.map((subject) => keyOf('subjects', personOf(subject)))
  }
}

function keysAbout(record: Anchored, persons: ReadonlySet<string>): readonly string[] {
  const { id, conversation_id, resource_type, resource_id } = record
  return [
    keyOf('record', id),
    ...(conversation_id === undefined ? [] : [keyOf('conversation', conversation_id)]),
    ...(resource_type === undefined || resource_id === undefined
      ? []
      : [keyOf('resource', resource_type, resource_id)]),
    ...[...persons].map((person) => keyOf('subjects', person)),
  ]
}

function keyOf(of: AnchorScope['of'], ...ids: readonly string[]): string {
  return JSON.stringify([of, ...ids])
}
