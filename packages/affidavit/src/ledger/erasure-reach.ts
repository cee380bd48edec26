// What an erasure reaches (spec/erasure.md §2): every content that is sealed under a key of its subjects or conversations, as it
// stands in the entries. No key is needed to know.

import { createPayloadList, type ErasurePlan, type Refusal, type SharedPayload } from '../erasure/plan.ts'
import type { AuditRecord, ContentReference } from '../formats/fields.ts'
import { TOKEN } from '../formats/token.ts'
import type { Owner } from '../vault/wrap-anew.ts'
import { expandQuery } from './follow.ts'
import { readEffective } from './late-facts.ts'
import { findEntry, readPages, recordOf } from './read.ts'
import type { LedgerStore } from './store.ts'

/** Whose keys: persons by their tokens, conversations by their ids as they stand in records. */
export interface Owners {
  readonly subjects: readonly string[]
  readonly conversations: readonly string[]
}

/** The part of a plan that the entries decide: the same for everybody who counts up to the same seq. */
export type Reach = Pick<
  ErasurePlan,
  | 'records'
  | 'payloads'
  | 'bytes'
  | 'payload_list_sha256'
  | 'sample'
  | 'shared'
  | 'shared_count'
  | 'linked'
  | 'refused'
  | 'refused_count'
>

const MAX_LISTED = 100
const MAX_SAMPLE = 10

/** The rows of the keyring that go. A conversation that stands as a token has an id behind it, which goes too. */
export function keyringOwners({ subjects, conversations }: Owners): readonly Owner[] {
  const persons = [...subjects, ...conversations.filter((id) => TOKEN.test(id))]
  return [
    ...[...new Set(persons)].map((owner) => ({ owner_kind: 'subject', owner }) as const),
    ...conversations.map((owner) => ({ owner_kind: 'conversation', owner }) as const),
  ]
}

/**
 * Counts what stands below `until` under these owners. Payloads have persons of their own, which no index knows: every entry
 * with content is read.
 */
export async function readReach(store: LedgerStore, ledger: string, owners: Owners, until: number): Promise<Reach> {
  const isReached = reachedBy(owners)
  const subjects = new Set(owners.subjects)
  const list = createPayloadList()
  const blobs = new Set<string>()
  const sample: number[] = []
  const shared: SharedPayload[] = []
  const refused: Refusal[] = []
  let [records, bytes, shared_count, refused_count] = [0, 0, 0, 0]

  for await (const { seq, entry } of readPages(store, ledger, { until_seq: until })) {
    if (!hasContent(entry)) continue
    const record = recordOf({ seq, entry, nodes: NO_NODES })
    const reached = (record.content ?? []).filter((reference) => isReached(record, reference))
    if (reached.length === 0) continue
    records++
    if (sample.length < MAX_SAMPLE) sample.push(seq)
    for (const [blob_id, { plain_size }] of byBlob(reached)) {
      list.add(seq, blob_id)
      if (!blobs.has(blob_id)) bytes += plain_size
      blobs.add(blob_id)
    }
    for (const one of sharedOf(seq, reached, subjects)) {
      shared_count++
      if (shared.length < MAX_LISTED) shared.push(one)
    }
    const compliance_domains = await domainsOf(store, ledger, record, until)
    if (compliance_domains.length === 0) continue
    refused_count++
    if (refused.length < MAX_LISTED) refused.push({ seq, because: 'minimum_retention', compliance_domains })
  }
  const linked = await countLinked(store, ledger, owners, until)
  const payload_list_sha256 = list.hex()
  const counts = { records, payloads: blobs.size, bytes, shared_count, refused_count, linked }
  return { ...counts, payload_list_sha256, sample, shared, refused }
}

const NO_NODES = new Uint8Array(0)
const CONTENT = Buffer.from('"content":[')

// Most entries have none. Where the words stand in details, the entry is read for nothing.
function hasContent(entry: Uint8Array): boolean {
  return Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).includes(CONTENT)
}

type Reached = (record: Pick<AuditRecord, 'conversation_id'>, reference: ContentReference) => boolean

// As scopesOf says: a content about persons is theirs, and what is about nobody is of its conversation.
function reachedBy({ subjects, conversations }: Owners): Reached {
  const persons = new Set(subjects)
  const ids = new Set(conversations)
  return ({ conversation_id }, { subject_ids }) => {
    if (subject_ids.length > 0) return subject_ids.some((subject) => persons.has(subject))
    return conversation_id !== undefined && ids.has(conversation_id)
  }
}

function byBlob(references: readonly ContentReference[]): readonly (readonly [string, ContentReference])[] {
  const byId = new Map(references.map((reference) => [reference.blob_id, reference]))
  return [...byId].sort(([one], [other]) => (one < other ? -1 : 1))
}

function sharedOf(seq: number, reached: readonly ContentReference[], subjects: ReadonlySet<string>): SharedPayload[] {
  return reached
    .map(({ name, subject_ids }) => ({
      seq,
      name,
      other_subjects: subject_ids.filter((id) => !subjects.has(id)).length,
    }))
    .filter(({ other_subjects }) => other_subjects > 0)
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}

// What a later record says of the rules that it falls under counts as well.
async function domainsOf(
  store: LedgerStore,
  ledger: string,
  record: AuditRecord,
  until: number,
): Promise<readonly string[]> {
  const { reclassified } = await readEffective(store, ledger, record, until)
  const own = record.compliance_domains ?? []
  return [...new Set([...own, ...(reclassified?.compliance_domains ?? [])])].sort()
}

/** Payloads that were linked to a subject later, and are under keys of others: this erasure leaves them as they are. */
async function countLinked(store: LedgerStore, ledger: string, owners: Owners, until: number): Promise<number> {
  const isReached = reachedBy(owners)
  const left = new Set<string>()
  for (const subject_id of owners.subjects) {
    const { records } = await expandQuery(store, ledger, { subject_id, until_seq: until }, until)
    for (const { id, content: names } of records) {
      const entry = await findEntry(store, ledger, id)
      if (entry === undefined) continue
      const record = recordOf(entry)
      for (const reference of record.content ?? []) {
        if (names !== undefined && !names.includes(reference.name)) continue
        if (!isReached(record, reference)) left.add(reference.blob_id)
      }
    }
  }
  return left.size
}
