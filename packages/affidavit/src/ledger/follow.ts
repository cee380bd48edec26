// A search for a person that follows what was found out later (spec/late-facts.md §4): every subject that is this person,
// and every record that was linked to them.

import type { AuditRecord } from '../formats/fields.ts'
import type { ContentLink } from '../formats/late-facts.ts'
import { faultOf, type Target } from '../links/about.ts'
import type { IgnoredFact, Placed } from '../links/facts.ts'
import { type LinkedRecord, recordsLinkedTo } from '../links/linked.ts'
import { standingLinks } from '../links/standing.ts'
import { followSubjects } from './late-facts.ts'
import { mergeBySeq } from './merge-by-seq.ts'
import { findEntry, readPages, recordOf, type SearchOptions } from './read.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'

/** About how many entries all searches of a merge hold together, and how many each reads at once at least. */
const HELD = 512
const LEAST_PAGE = 8

/** A search for a person. */
export type SubjectFilter = EntryFilter & { readonly subject_id: string }

export interface ExpandedQuery {
  /** What was asked, as of the moment of expanding: nothing that is recorded later is found. */
  readonly filter: SubjectFilter
  /** The subjects that are this person, sorted. */
  readonly subject_ids: readonly string[]
  /** Records that were linked to them, in the order of seq. */
  readonly records: readonly (LinkedRecord & { readonly seq: number })[]
  /** Links that have no effect, in the order of seq: whoever shows the answer says so. */
  readonly ignored: readonly IgnoredFact[]
}

/**
 * What a search for a person has to look for. Links from `asOf` on do not count; where it is left out, those that the
 * filter's own `until_seq` excludes.
 * @throws LedgerError `invalid-query` where the person has too many subjects, and what reading throws
 */
export async function expandQuery(
  store: LedgerStore,
  ledger: string,
  filter: SubjectFilter,
  asOf?: number,
): Promise<ExpandedQuery> {
  const size = (await store.head(ledger))?.size ?? 0
  const until_seq = Math.min(filter.until_seq ?? size, size)
  const person = await followSubjects(store, ledger, filter.subject_id, Math.min(asOf ?? until_seq, size))
  const { content, ignored } = standingLinks(person.facts)
  const linked = await holdAgainstRecords(store, ledger, content)
  return {
    filter: { ...filter, until_seq },
    subject_ids: person.subject_ids,
    records: placed(recordsLinkedTo(linked.holding, person.subject_ids), linked.targets),
    ignored: [...person.ignored, ...ignored, ...linked.ignored].sort(bySeq),
  }
}

/**
 * The entries that an expanded query finds, in the order of seq, each once: those that name one of its subjects, and those
 * that were linked to one, where every other condition of the filter holds.
 */
export async function* readExpanded(
  store: LedgerStore,
  ledger: string,
  { filter, subject_ids, records }: ExpandedQuery,
  { order = 'ascending', limit = Number.POSITIVE_INFINITY }: SearchOptions = {},
): AsyncGenerator<StoredEntry> {
  const page = Math.max(LEAST_PAGE, Math.floor(HELD / subject_ids.length))
  const naming = subject_ids.map((subject_id) => readPages(store, ledger, { ...filter, subject_id }, { order }, page))
  const { subject_id: _, ...others } = filter
  let left = limit
  if (left <= 0) return
  for await (const entry of mergeBySeq([...naming, readLinked(store, ledger, others, records, order)], order)) {
    yield entry
    if (--left <= 0) return
  }
}

/** The entries that a filter finds; where it asks for a person, links are followed. */
export async function* searchFollowing(
  store: LedgerStore,
  ledger: string,
  filter: EntryFilter,
  options: SearchOptions = {},
): AsyncGenerator<StoredEntry> {
  const { subject_id } = filter
  if (subject_id === undefined) yield* readPages(store, ledger, filter, options)
  else yield* readExpanded(store, ledger, await expandQuery(store, ledger, { ...filter, subject_id }), options)
}

interface HeldLinks {
  readonly holding: readonly Placed<ContentLink>[]
  readonly ignored: readonly IgnoredFact[]
  readonly targets: ReadonlyMap<string, Target>
}

// Admission does not look for the record that a link names: here is where it has to be found.
async function holdAgainstRecords(
  store: LedgerStore,
  ledger: string,
  links: readonly Placed<ContentLink>[],
): Promise<HeldLinks> {
  const targets = new Map<string, Target>()
  for (const id of new Set(links.map(({ parent_id }) => parent_id))) {
    const entry = await findEntry(store, ledger, id)
    if (entry !== undefined) targets.set(id, targetOf(recordOf(entry)))
  }
  const faults = new Map(links.map((link) => [link, faultOf(link, targets.get(link.parent_id))]))
  return {
    holding: links.filter((link) => faults.get(link) === undefined),
    ignored: [...faults.values()].filter((fault) => fault !== undefined),
    targets,
  }
}

function targetOf({ id, seq, content }: AuditRecord): Target {
  return content === undefined ? { id, seq } : { id, seq, content }
}

function placed(records: readonly LinkedRecord[], targets: ReadonlyMap<string, Target>): ExpandedQuery['records'] {
  const found = records.flatMap((record) => {
    const target = targets.get(record.id)
    return target === undefined ? [] : [{ ...record, seq: target.seq }]
  })
  return found.sort(bySeq)
}

// By id, which is one look-up whatever else is asked.
async function* readLinked(
  store: LedgerStore,
  ledger: string,
  filter: EntryFilter,
  records: ExpandedQuery['records'],
  order: 'ascending' | 'descending',
): AsyncGenerator<StoredEntry> {
  for (const { id } of order === 'ascending' ? records : records.toReversed()) {
    if (filter.id === undefined || filter.id === id) yield* readPages(store, ledger, { ...filter, id }, { limit: 1 })
  }
}

function bySeq(one: { readonly seq: number }, other: { readonly seq: number }): number {
  return one.seq - other.seq
}
