// The plan of an erasure: what would become unreadable, for whom else, and what would stay (spec/erasure.md §2). It names
// persons by their tokens alone.

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { createSha256, sha256Hex } from '../crypto/sha256.ts'
import { COPIES, type Copy, repeatedCopy } from '../papers/copies.ts'
import { formatPaper, type PaperFault, type PaperFormat, parsePaper } from '../papers/paper.ts'
import {
  ascending,
  blobId,
  byMembers,
  count,
  dayOrOpen,
  generation,
  hash,
  label,
  list,
  object,
  oneOf,
  sentence,
  time,
  uuid,
  word,
} from '../papers/rules.ts'
import { OWNERS, type Owners, ownersProblem } from './owners.ts'

export interface ErasurePlan extends Owners {
  /** The origin of the ledger: NAME/INCARNATION. */
  readonly ledger: string
  /** UUIDv7. */
  readonly plan_id: string
  readonly made_at: string
  /** A person of the access policy, by the name that stands there. */
  readonly made_by: string
  /** The newest entry that was looked at. */
  readonly as_of_seq: number
  /** The generation of the keyring that was looked at. */
  readonly keyring_generation: number
  /** Under which rule, a word: `gdpr_17`. */
  readonly basis: string
  readonly reason: string
  /** Entries with content that becomes unreadable. */
  readonly records: number
  /** Payloads that become unreadable, and their plain bytes. */
  readonly payloads: number
  readonly bytes: number
  /** createPayloadList over all of them. */
  readonly payload_list_sha256: string
  /** The first entries, at most 10, for a person to look at. */
  readonly sample: readonly number[]
  /** Payloads that are about others too, who lose them: at most 100 of `shared_count`. */
  readonly shared: readonly SharedPayload[]
  readonly shared_count: number
  /** Entries with other content under the keys of what was linked to a subject later: it stays, and is wrapped anew. */
  readonly wrapped_anew: number
  /** Payloads that would have to be wrapped anew, and are lost: the content key beside them is not the recorded one. */
  readonly damaged: number
  /** Entries of this ledger that name them, at most 10, for a person to look at. */
  readonly damaged_sample: readonly number[]
  /** Their blob_ids, ascending: at most 1,000 of `damaged`. */
  readonly damaged_payloads: readonly string[]
  /** damagedListDigest over all of them. */
  readonly damaged_list_sha256: string
  /** Entries that must not become unreadable: at most 100 of `refused_count`. While there is one, nothing is approved. */
  readonly refused: readonly Refusal[]
  readonly refused_count: number
  readonly copies: readonly Copy[]
  /** What stays, in sentences for people. */
  readonly not_erased: readonly string[]
}

export interface SharedPayload {
  readonly seq: number
  /** The name of the payload in its entry. */
  readonly name: string
  readonly other_subjects: number
}

export interface Refusal {
  readonly seq: number
  /** `hold` where one binds it, whatever else is so. */
  readonly because: 'hold' | 'minimum_retention'
  readonly compliance_domains: readonly string[]
  /** Ids of the holds, and of the policies whose minimum has not passed: the first of them. */
  readonly holds: readonly string[]
  readonly policies: readonly string[]
  /** The day from which it may be erased, by what is known now; `open` where a hold or an anchor decides. */
  readonly earliest: string
}

/** Holds, policies and domains that a refusal names at most. */
export const MAX_REFUSAL_REASONS = 32

const MAX_SAMPLE = 10
const MAX_LISTED = 100
export const MAX_DAMAGED_LISTED = 1_000
const MAX_SENTENCES = 20

const PLAN: PaperFormat<ErasurePlan> = {
  kind: 'erasure-plan',
  maxBytes: 2 ** 20,
  members: {
    ledger: label,
    plan_id: uuid,
    made_at: time,
    made_by: label,
    as_of_seq: count,
    keyring_generation: generation,
    ...OWNERS,
    basis: word,
    reason: label,
    records: count,
    payloads: count,
    bytes: count,
    payload_list_sha256: hash,
    sample: ascending(count, 0, MAX_SAMPLE),
    shared: ascending(
      object({ seq: count, name: label, other_subjects: count }),
      0,
      MAX_LISTED,
      byMembers('seq', 'name'),
    ),
    shared_count: count,
    wrapped_anew: count,
    damaged: count,
    damaged_sample: ascending(count, 0, MAX_SAMPLE),
    damaged_payloads: ascending(blobId, 0, MAX_DAMAGED_LISTED),
    damaged_list_sha256: hash,
    refused: ascending(
      object({
        seq: count,
        because: oneOf(['hold', 'minimum_retention']),
        compliance_domains: ascending(word, 0, MAX_REFUSAL_REASONS),
        holds: ascending(uuid, 0, MAX_REFUSAL_REASONS),
        policies: ascending(label, 0, MAX_REFUSAL_REASONS),
        earliest: dayOrOpen,
      }),
      0,
      MAX_LISTED,
      byMembers('seq'),
    ),
    refused_count: count,
    copies: COPIES,
    not_erased: list(sentence, 1, MAX_SENTENCES),
  },
  contradiction,
}

function contradiction(plan: ErasurePlan): string | undefined {
  const { records, payloads, bytes, as_of_seq, sample, shared, refused } = plan
  if (Math.max(records, plan.wrapped_anew) > as_of_seq + 1) return 'more records than there were'
  if (records === 0 && payloads > 0) return 'payloads without records'
  if (payloads === 0 && bytes > 0) return 'bytes without payloads'
  if (payloads === 0 && plan.wrapped_anew > 0) return 'content that is wrapped anew for the sake of none'
  if (payloads === 0 && plan.damaged > 0) return 'damaged content that is lost for the sake of none'
  if (sample.length !== Math.min(records, MAX_SAMPLE)) return 'sample does not have the first of all records'
  if (shared.length !== Math.min(plan.shared_count, MAX_LISTED)) return 'shared and shared_count differ'
  if (refused.length !== Math.min(plan.refused_count, MAX_LISTED)) return 'refused and refused_count differ'
  if (refused.some(({ because, holds }) => (because === 'hold') !== holds.length > 0)) return 'a hold that is none'
  const placed = [...shared, ...refused].map(({ seq }) => seq)
  const newest = Math.max(...sample, ...plan.damaged_sample, ...placed)
  if (newest > as_of_seq) return 'an entry that was not looked at'
  if (repeatedCopy(plan.copies)) return 'a copy that stands twice'
  return damageProblem(plan) ?? ownersProblem(plan)
}

// In the sample is nothing of earlier incarnations, and one entry may name several.
function damageProblem({
  damaged,
  damaged_sample,
  damaged_payloads,
  damaged_list_sha256,
}: ErasurePlan): string | undefined {
  if (damaged_sample.length > damaged) return 'more damaged than are counted'
  if (damaged_payloads.length !== Math.min(damaged, MAX_DAMAGED_LISTED)) return 'damaged and damaged_payloads differ'
  const isWhole = damaged_payloads.length === damaged
  return isWhole && damaged_list_sha256 !== damagedListDigest(damaged_payloads)
    ? 'damaged_list_sha256 is of other payloads'
    : undefined
}

/** Reads a plan. Strict: formatPlan gives the same bytes again. */
export function parsePlan(bytes: Uint8Array): ErasurePlan | PaperFault {
  return parsePaper(bytes, PLAN)
}

/**
 * The bytes of a plan.
 * @throws RangeError where parsePlan would not give back the same plan
 */
export function formatPlan(plan: ErasurePlan): Uint8Array {
  return formatPaper(plan, PLAN)
}

/**
 * What an approval names: 64 lower-case hex digits.
 * @throws RangeError as formatPlan
 */
export function planDigest(plan: ErasurePlan): string {
  return sha256Hex(concatBytes(utf8('affidavit erasure plan v1\n'), formatPlan(plan)))
}

/** The digest of what a plan covers, taken one reference after the other: entries ascend, and the payloads of one entry too. */
export interface PayloadList {
  /** @throws RangeError where it does not come after the one before */
  add(seq: number, blob_id: string): void
  /** 64 lower-case hex digits. It ends once. */
  hex(): string
}

/** So that a plan of any size fixes every payload of it, and the holder of the ledger can compare. */
export function createPayloadList(): PayloadList {
  const digest = createSha256()
  digest.update(utf8('affidavit erasure payload list v1\n'))
  let last: readonly [seq: number, blob_id: string] = [-1, '']
  return {
    add(seq, blob_id) {
      const [before, blob] = last
      if (seq < before || (seq === before && blob_id <= blob))
        throw new RangeError(`payloads out of order at seq ${seq}`)
      digest.update(utf8(`${seq} ${blob_id}\n`))
      last = [seq, blob_id]
    },
    hex: () => digest.hex(),
  }
}

/** The digest of the damaged payloads of a plan, by their blob_ids, ascending: 64 lower-case hex digits. */
export function damagedListDigest(blob_ids: readonly string[]): string {
  return sha256Hex(utf8(['affidavit erasure damaged list v1', ...blob_ids, ''].join('\n')))
}
