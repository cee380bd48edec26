// Late facts as they are found in a store (spec/late-facts.md §4): those that name a subject, those about a record. What
// they mean is links/.

import { LedgerError } from '../errors/ledger-error.ts'
import { type AuditRecord, LATE_ACTIONS } from '../formats/fields.ts'
import type { LateFact } from '../formats/late-facts.ts'
import { type Effective, effective } from '../links/effective.ts'
import { type Facts, factsOf } from '../links/facts.ts'
import { linkedSubjects } from '../links/linked.ts'
import { personsBy } from '../links/persons.ts'
import { readPages, recordOf } from './read.ts'
import type { EntryFilter, LedgerStore } from './store.ts'

/** Subjects that one search follows. A person who was merged from more is a mistake, or many people. */
export const MAX_LINKED_SUBJECTS = 256

type LateAction = LateFact['action']

/** What names subjects, and is found by each of them. */
const NAMING: readonly LateAction[] = ['subject_linked', 'subject_unlinked', 'content_linked']
/** What names the record that it is about. */
const ABOUT: readonly LateAction[] = [
  'content_linked',
  'subject_unlinked',
  'record_reclassified',
  'record_amended',
  'retention_anchor_recorded',
]

/** Which facts to find: of links that name a subject, or of everything about a record, by its id. */
export type FactsAsked = { readonly subject_id: string } | { readonly record_id: string }

/**
 * The facts below `asOf`, in the order of seq. Those about a record include what takes back a link to it.
 * @throws LedgerError `store-corrupt` where the bytes of an entry cannot be read, and what the store throws
 */
export async function findLateFacts(
  store: LedgerStore,
  ledger: string,
  asked: FactsAsked,
  asOf: number = Number.MAX_SAFE_INTEGER,
): Promise<Facts> {
  if ('subject_id' in asked) return factsOf(await take(store, ledger, { subject_id: asked.subject_id }, NAMING, asOf))
  const records = await take(store, ledger, { parent_id: asked.record_id }, ABOUT, asOf)
  const links = records.filter(({ action }) => action === 'content_linked')
  for (const { id } of links)
    records.push(...(await take(store, ledger, { parent_id: id }, ['subject_unlinked'], asOf)))
  return factsOf(records)
}

/** Every late fact below `asOf`. */
export async function readAllFacts(store: LedgerStore, ledger: string, asOf: number): Promise<Facts> {
  return factsOf(await take(store, ledger, {}, LATE_ACTIONS, asOf))
}

async function take(
  store: LedgerStore,
  ledger: string,
  filter: EntryFilter,
  actions: readonly LateAction[],
  asOf: number,
): Promise<AuditRecord[]> {
  const records: AuditRecord[] = []
  for (const action of actions) {
    for await (const entry of readPages(store, ledger, { ...filter, action, until_seq: asOf })) {
      records.push(recordOf(entry))
    }
  }
  return records
}

/** A record today, and the facts that say so. */
export interface EffectiveWithFacts extends Effective {
  readonly facts: Facts['facts']
}

/** The record with what was recorded about it below `asOf`. */
export async function readEffective(
  store: LedgerStore,
  ledger: string,
  record: AuditRecord,
  asOf: number = Number.MAX_SAFE_INTEGER,
): Promise<EffectiveWithFacts> {
  const about = await findLateFacts(store, ledger, { record_id: record.id }, asOf)
  const facts = [...about.facts, ...(await findAnchors(store, ledger, record, about.facts, asOf))]
  const found = effective(record, facts)
  const faults = [...about.ignored, ...found.ignored].sort((one, other) => one.seq - other.seq)
  return { ...found, facts, ignored: faults }
}

/** Anchors that were recorded of its conversation, its resource or its persons, and the links that lead to these. */
async function findAnchors(
  store: LedgerStore,
  ledger: string,
  record: AuditRecord,
  about: Facts['facts'],
  asOf: number,
): Promise<Facts['facts']> {
  const { conversation_id, resource_type, resource_id } = record
  const scopes: EntryFilter[] = []
  if (conversation_id !== undefined) scopes.push({ conversation_id })
  if (resource_type !== undefined && resource_id !== undefined) scopes.push({ resource_type, resource_id })
  const links = new Map<number, Facts['facts'][number]>()
  const subjects = new Set(personsBy(about).personsIn(record))
  for (const subject of subjects) {
    const person = await followSubjects(store, ledger, subject, asOf)
    for (const one of person.subject_ids) subjects.add(one)
    for (const fact of person.facts) if (fact.action !== 'content_linked') links.set(fact.seq, fact)
  }
  for (const subject_id of subjects) scopes.push({ subject_id })
  const anchors = new Map<number, AuditRecord>()
  for (const scope of scopes) {
    for (const one of await take(store, ledger, scope, ['retention_anchor_recorded'], asOf)) anchors.set(one.seq, one)
  }
  const known = new Set(about.map(({ seq }) => seq))
  return [...links.values(), ...factsOf(anchors.values()).facts].filter(({ seq }) => !known.has(seq))
}

/** Everything that links below `asOf` say about one person. */
export interface PersonFacts extends Facts {
  /** The subjects that are this person, sorted. */
  readonly subject_ids: readonly string[]
}

/**
 * Follows links from subject to subject. Whatever takes back a link names its subjects, so that it is found with it.
 * @throws LedgerError `invalid-query` beyond MAX_LINKED_SUBJECTS
 */
export async function followSubjects(
  store: LedgerStore,
  ledger: string,
  subject: string,
  asOf: number,
): Promise<PersonFacts> {
  const found = {
    facts: new Map<number, Facts['facts'][number]>(),
    ignored: new Map<number, Facts['ignored'][number]>(),
  }
  const known = new Set([subject])
  // A set hands out what is added while it is walked.
  for (const next of known) {
    const { facts, ignored } = await findLateFacts(store, ledger, { subject_id: next }, asOf)
    for (const fact of facts) found.facts.set(fact.seq, fact)
    for (const fault of ignored) found.ignored.set(fault.seq, fault)
    for (const other of linkedSubjects([...found.facts.values()], subject)) known.add(other)
    if (known.size > MAX_LINKED_SUBJECTS) throw tooManySubjects()
  }
  return { subject_ids: [...known].sort(), facts: [...found.facts.values()], ignored: [...found.ignored.values()] }
}

function tooManySubjects(): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `this subject is linked with more than ${MAX_LINKED_SUBJECTS - 1} others`,
    cure: 'affidavit search --action subject_linked shows the links; take back those that are wrong with subject_unlinked',
    path: 'subject_id',
  })
}
