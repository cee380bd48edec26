// A record with what was found out about it since (spec/late-facts.md §3). The record itself stays as it was written.

import type { AuditRecord, Classification } from '../formats/fields.ts'
import type { Amendment, ContentLink } from '../formats/late-facts.ts'
import { type AboutRecord, faultOf, isAboutRecord } from './about.ts'
import { anchorsIn, type KnownAnchor } from './anchors.ts'
import { factsOf, type IgnoredFact, type Placed } from './facts.ts'
import { type Standing, standingLinks } from './standing.ts'

/** What a record counts as. */
export interface EffectiveClassification {
  readonly data_classification: Classification
  /** Sorted. */
  readonly compliance_domains: readonly string[]
  readonly retention_class: string
  /** The seq of the newest reclassification; absent where the record counts as it was written. */
  readonly by?: number
}

export interface Effective {
  readonly record: AuditRecord
  /** The seqs of its amendments, oldest first. */
  readonly amended_by: readonly number[]
  /** Absent where it counts as it was written. */
  readonly reclassified?: EffectiveClassification
  /** Anchors of its retention periods that were recorded, sorted by name. */
  readonly anchors: readonly KnownAnchor[]
  /** Subjects that it was linked to later and does not name itself, sorted. */
  readonly also_about: readonly string[]
  /** Of a link that does not stand any more: the seq of what took it back. */
  readonly taken_back_by?: number
  /** Facts about it that have no effect. */
  readonly ignored: readonly IgnoredFact[]
}

/** The record, and what these facts say of it; facts about other records are passed over. */
export function effective(record: AuditRecord, facts: readonly Placed[]): Effective {
  const about = facts.filter(isAboutRecord).filter(({ parent_id }) => parent_id === record.id)
  const faults = about.map((fact) => faultOf(fact, record)).filter((fault) => fault !== undefined)
  const links = linksOf(record, facts)
  const classification = effectiveClassification(record, facts)
  const takenBack = links.takenBack.get(record.id)
  return {
    record,
    amended_by: amendmentsOf(record, facts).map(({ seq }) => seq),
    ...(classification.by === undefined ? {} : { reclassified: classification }),
    anchors: anchorsIn(facts)(record),
    also_about: subjectsBeside(record, links),
    ...(takenBack === undefined ? {} : { taken_back_by: takenBack }),
    ignored: [...faults, ...links.ignored].sort((one, other) => one.seq - other.seq),
  }
}

/**
 * What the record counts as: the newest reclassification decides, and the newest that names domains, or a retention class,
 * decides on these.
 */
export function effectiveClassification(record: AuditRecord, facts: readonly Placed[]): EffectiveClassification {
  const { data_classification, compliance_domains = [], retention_class } = record
  let counts: EffectiveClassification = { data_classification, compliance_domains, retention_class }
  for (const fact of holding(record, facts)) {
    if (fact.action !== 'record_reclassified') continue
    counts = {
      data_classification: fact.data_classification,
      compliance_domains: fact.compliance_domains?.toSorted() ?? counts.compliance_domains,
      retention_class: fact.retention_class ?? counts.retention_class,
      by: fact.seq,
    }
  }
  return counts
}

/** The amendments of the record, oldest first. */
export function amendmentsOf(record: AuditRecord, facts: readonly Placed[]): Placed<Amendment>[] {
  return holding(record, facts).filter((fact) => fact.action === 'record_amended')
}

/** The links of content of the record that stand. */
export function contentLinksOf(record: AuditRecord, facts: readonly Placed[]): readonly Placed<ContentLink>[] {
  return linksOf(record, facts).content.filter(({ parent_id }) => parent_id === record.id)
}

function holding(record: AuditRecord, facts: readonly Placed[]): AboutRecord[] {
  const about = facts.filter(isAboutRecord).filter(({ parent_id }) => parent_id === record.id)
  return about.filter((fact) => faultOf(fact, record) === undefined).sort((one, other) => one.seq - other.seq)
}

// Links of this record to subjects, what takes these back, and what takes back the record itself where it is a link.
function linksOf(record: AuditRecord, facts: readonly Placed[]): Standing {
  const links = holding(record, facts).filter((fact) => fact.action === 'content_linked')
  const known = new Set([record.id, ...links.map(({ id }) => id)])
  const unlinks = facts.filter((fact) => fact.action === 'subject_unlinked').filter((one) => known.has(one.parent_id))
  return standingLinks([...factsOf([record]).facts, ...links, ...unlinks])
}

// Where the record is a link itself, it is among these, and names its own subjects.
function subjectsBeside(record: AuditRecord, { content }: Standing): string[] {
  const named = new Set(record.subject_ids)
  return [...new Set(content.flatMap(({ subject_ids }) => subject_ids))].filter((subject) => !named.has(subject)).sort()
}
