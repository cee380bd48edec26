// The ledger as somebody would keep it on paper: lists, looked through from the beginning. Shares no code with src, which
// is held against it.

import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'

import { commitmentUnder, type PaperKeys } from './paper-keys.ts'

export type Fields = Readonly<Record<string, unknown>>

export interface PaperRecord {
  /** Every field of the entry but its salt and the hashes that link it: the oracle judges those. */
  readonly fields: Fields
  /** Of the entry's bytes, as they were when it was written: they must never change. */
  readonly hash: string
  /** What the caller handed in; nothing for a record of the ledger about itself. */
  readonly draft?: Fields
}

export interface Paper {
  readonly origin: string
  readonly scopeKeys: PaperKeys
  readonly records: PaperRecord[]
  /** Sizes that were published. */
  readonly checkpoints: number[]
  /** Verifier keys of checkpoints, the one in force last. */
  readonly keys: string[]
}

/** An entry as it stands in the database. */
export interface Written {
  readonly fields: Fields
  readonly hash: string
}

const NOT_ON_PAPER = ['salt', 'previous_hash', 'conversation_previous_hash', 'integrity_hash']

/** The fields that paper has, of an entry or a record. */
export function onPaper(record: object): Fields {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !NOT_ON_PAPER.includes(name)))
}

export function writtenOf(entry: Uint8Array): Written {
  const hash = createHash('sha256').update(Uint8Array.of(0)).update(entry).digest('hex')
  return { fields: onPaper(Object(JSON.parse(Buffer.from(entry).toString('utf8')))), hash }
}

/** One text for one draft: whether a caller hands in the same again. */
export function textOf(draft: Fields): string {
  return String(canonicalize(draft))
}

export function commitmentOf({ scopeKeys, origin }: Paper, id: unknown, draft: Fields, now: string): string {
  const message = `affidavit draft v1\n${origin}\n${String(id)}\n${textOf(draft)}`
  return commitmentUnder(scopeKeys, origin, { timestamp: now, ...draft }, message)
}

/** The record that a draft becomes: what was said, what was not, and where it stands. */
export function recordOf(paper: Paper, draft: Fields, made: { id: unknown; timestamp: string }): Fields {
  const draft_commitment = commitmentOf(paper, made.id, draft, made.timestamp)
  return { ...fieldsOf(paper, draft, made), draft_commitment }
}

function fieldsOf(paper: Paper, draft: Fields, made: { id: unknown; timestamp: string }): Fields {
  const before = paper.records.filter(({ fields }) => fields.conversation_id === draft.conversation_id)
  return {
    assurance: 'recorded',
    data_classification: 'restricted',
    retention_class: 'default',
    ...made,
    ...draft,
    ...sorted('subject_ids', draft),
    ...sorted('compliance_domains', draft),
    ...(draft.conversation_id === undefined ? {} : { conversation_seq: before.length }),
    ledger: paper.origin,
    seq: paper.records.length,
    v: 1,
  }
}

function sorted(name: string, draft: Fields): Fields {
  const list = draft[name]
  return Array.isArray(list) ? { [name]: [...list].sort() } : {}
}

/** What the ledger says of itself; it makes its own ids and commitments, so those are taken as they come. */
export function ownRecord(paper: Paper, said: Fields, { fields }: Written): Fields {
  const { id, draft_commitment } = fields
  const own = { actor_id: 'affidavit', actor_type: 'system', data_classification: 'internal' }
  return { ...fieldsOf(paper, { ...own, ...said }, { id, timestamp: '' }), draft_commitment }
}

/** The conditions of a search, as EntryFilter names them. */
export type Conditions = Readonly<Record<string, string | number>>

const COMPARISONS: Readonly<Record<string, (fields: Fields, value: string | number) => boolean>> = {
  subject_id: ({ subject_ids }, subject) => Array.isArray(subject_ids) && subject_ids.includes(subject),
  from: ({ timestamp }, from) => String(timestamp) >= String(from),
  until: ({ timestamp }, until) => String(timestamp) < String(until),
  recorded_from: ({ recorded_at }, from) => String(recorded_at) >= String(from),
  recorded_until: ({ recorded_at }, until) => String(recorded_at) < String(until),
  from_seq: ({ seq }, from) => Number(seq) >= Number(from),
  until_seq: ({ seq }, until) => Number(seq) < Number(until),
}

export function search(
  { records }: Paper,
  conditions: Conditions,
  order: 'ascending' | 'descending',
  limit: number,
): Fields[] {
  const found = records
    .map(({ fields }) => fields)
    .filter((fields) =>
      Object.entries(conditions).every(([name, value]) => COMPARISONS[name]?.(fields, value) ?? fields[name] === value),
    )
  return (order === 'ascending' ? found : found.reverse()).slice(0, limit)
}

/** Publishing says how long the ledger is, where that was not said before. */
export function publish({ records, checkpoints }: Paper): void {
  if (checkpoints.at(-1) !== records.length) checkpoints.push(records.length)
}
