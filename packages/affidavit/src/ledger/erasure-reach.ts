// What an erasure reaches (spec/erasure.md §2): every content that is sealed under a key of its subjects or conversations, and
// what was linked to its subjects later, as it stands in the entries. No key is needed to know.

import { createPayloadList, type ErasurePlan, type Refusal, type SharedPayload } from '../erasure/plan.ts'
import type { AuditRecord, ContentReference } from '../formats/fields.ts'
import { TOKEN } from '../formats/token.ts'
import { contentLinksOf } from '../links/effective.ts'
import type { Placed } from '../links/facts.ts'
import type { Owner } from '../vault/wrap-anew.ts'
import type { Keeps } from './kept-content.ts'
import { findLateFacts } from './late-facts.ts'
import { type LinkedContent, type Owners, reachedBy, readLinked, scopesOfLinked } from './linked-content.ts'
import { readPages, recordOf } from './read.ts'
import { scopeName, scopesOfContent } from './scopes.ts'
import type { LedgerStore } from './store.ts'

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
  | 'wrapped_anew'
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
 * Counts what stands below `until` under these owners, or was linked to them. Payloads have persons of their own, which no index
 * knows: every entry with content is read. `keeps` says what must stay readable; `known` is what was linked, where it is not to be
 * asked for.
 */
export async function readReach(
  store: LedgerStore,
  ledger: string,
  owners: Owners,
  until: number,
  keeps: Keeps,
  known?: readonly LinkedContent[],
): Promise<Reach> {
  const linked = known ?? (await readLinked(store, ledger, owners, until))
  const linkedBlobs = new Set(linked.map(({ reference: { blob_id } }) => blob_id))
  const replaced = new Set(scopesOfLinked(linked).map(scopeName))
  const isReachedByKey = reachedBy(owners)
  const subjects = new Set(owners.subjects)
  const list = createPayloadList()
  const blobs = new Set<string>()
  const sample: number[] = []
  const shared: SharedPayload[] = []
  const refused: Refusal[] = []
  let [records, bytes, shared_count, refused_count, wrapped_anew] = [0, 0, 0, 0, 0]

  function refuse(refusal: Refusal): void {
    refused_count++
    if (refused.length < MAX_LISTED) refused.push(refusal)
  }

  for await (const { seq, entry } of readPages(store, ledger, { until_seq: until })) {
    const held = keeps.bare.get(seq)
    if (held !== undefined) refuse(held)
    if (!hasContent(entry)) continue
    const record = recordOf({ seq, entry })
    const isReached = (one: ContentReference): boolean => isReachedByKey(record, one) || linkedBlobs.has(one.blob_id)
    const reached = (record.content ?? []).filter(isReached)
    const others = (record.content ?? []).filter((one) => !isReached(one))
    if (others.some((one) => scopesOfContent(record, one).some((scope) => replaced.has(scopeName(scope)))))
      wrapped_anew++
    if (reached.length === 0) continue
    records++
    if (sample.length < MAX_SAMPLE) sample.push(seq)
    for (const [blob_id, { plain_size }] of byBlob(reached)) {
      list.add(seq, blob_id)
      if (!blobs.has(blob_id)) bytes += plain_size
      blobs.add(blob_id)
    }
    const { facts } = await findLateFacts(store, ledger, { record_id: record.id }, until)
    for (const one of sharedOf(record, facts, reached, subjects)) {
      shared_count++
      if (shared.length < MAX_LISTED) shared.push(one)
    }
    const refusal = keeps.content(record)
    if (refusal !== undefined) refuse(refusal)
  }
  const payload_list_sha256 = list.hex()
  const counts = { records, payloads: blobs.size, bytes, shared_count, refused_count, wrapped_anew }
  return { ...counts, payload_list_sha256, sample, shared, refused }
}

const CONTENT = Buffer.from('"content":[')

// Most entries have none. Where the words stand in details, the entry is read for nothing.
export function hasContent(entry: Uint8Array): boolean {
  return Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).includes(CONTENT)
}

function byBlob(references: readonly ContentReference[]): readonly (readonly [string, ContentReference])[] {
  const byId = new Map(references.map((reference) => [reference.blob_id, reference]))
  return [...byId].sort(([one], [other]) => (one < other ? -1 : 1))
}

// Others are those that the content names, and those whom it was linked to as well.
function sharedOf(
  record: AuditRecord,
  facts: readonly Placed[],
  reached: readonly ContentReference[],
  subjects: ReadonlySet<string>,
): SharedPayload[] {
  const links = contentLinksOf(record, facts)
  return reached
    .map(({ name, subject_ids }) => {
      const linked = links.filter(({ content }) => content?.includes(name) ?? true).flatMap((link) => link.subject_ids)
      const others = new Set([...subject_ids, ...linked].filter((id) => !subjects.has(id)))
      return { seq: record.seq, name, other_subjects: others.size }
    })
    .filter(({ other_subjects }) => other_subjects > 0)
    .sort((one, other) => (one.name < other.name ? -1 : 1))
}
