// The plan of a disposition: what would be destroyed, under which policies, and what would stay and why (spec/disposition.md §3).

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { COPIES, type Copy, repeatedCopy } from '../papers/copies.ts'
import { formatPaper, type PaperFault, type PaperFormat, parsePaper } from '../papers/paper.ts'
import { ascending, byMembers, count, hash, label, list, object, oneOf, sentence, time, uuid } from '../papers/rules.ts'
import { type ArchivedObject, OBJECTS } from './archived-objects.ts'
import { MAX_LISTED_RECORDS } from './manifest.ts'

export interface DispositionPlan {
  /** The origin of the ledger: NAME/INCARNATION. */
  readonly ledger: string
  /** UUIDv7. */
  readonly plan_id: string
  readonly made_at: string
  /** A person of the access policy, by the name that stands there. */
  readonly made_by: string
  /** The newest entry that was looked at. */
  readonly as_of_seq: number
  /** The instant that was asked about: what is due then. */
  readonly judged_at: string
  /** Of the set of retention policies in force. */
  readonly policy_set_sha256: string
  readonly manifest_sha256: string
  /** How many the manifest lists, and the first and last of them. */
  readonly records: number
  readonly first_seq: number
  readonly last_seq: number
  /** How many of them each policy applies to, ascending by id. */
  readonly policies: readonly PolicyCount[]
  /** Sealed contents that they name. */
  readonly contents: number
  /** Records that were asked about and stay, by the reason, ascending. */
  readonly stays: readonly Stay[]
  readonly objects: readonly ArchivedObject[]
  /** 0: another person has to approve. Else the days for which the plan has to stand on record, at least 7. */
  readonly delay_days: number
  readonly copies: readonly Copy[]
  /** What is not destroyed, in sentences for people. */
  readonly not_destroyed: readonly string[]
}

export interface PolicyCount {
  readonly policy: string
  readonly records: number
}

export interface Stay {
  readonly because: (typeof STAYS)[number]
  readonly records: number
  /** The first of them, at most 3, ascending. */
  readonly sample: readonly number[]
}

/** `later`: due, and beyond what one plan can list. */
export const STAYS = ['conflict', 'free', 'held', 'kept', 'later', 'needed', 'unclassified', 'waits'] as const

const MAX_SAMPLE = 3
export const MIN_DELAY_DAYS = 7
const MAX_POLICIES = 500

const PLAN: PaperFormat<DispositionPlan> = {
  kind: 'disposition-plan',
  maxBytes: 2 ** 20,
  members: {
    ledger: label,
    plan_id: uuid,
    made_at: time,
    made_by: label,
    as_of_seq: count,
    judged_at: time,
    policy_set_sha256: hash,
    manifest_sha256: hash,
    records: count,
    first_seq: count,
    last_seq: count,
    policies: ascending(object({ policy: label, records: count }), 1, MAX_POLICIES, byMembers('policy')),
    contents: count,
    stays: ascending(
      object({ because: oneOf(STAYS), records: count, sample: ascending(count, 1, MAX_SAMPLE) }),
      0,
      STAYS.length,
      byMembers('because'),
    ),
    objects: OBJECTS,
    delay_days: count,
    copies: COPIES,
    not_destroyed: list(sentence, 1, 20),
  },
  contradiction,
}

function contradiction(plan: DispositionPlan): string | undefined {
  const { records, first_seq, last_seq, as_of_seq, policies, stays, delay_days } = plan
  if (records === 0) return 'nothing is to be destroyed'
  if (records > MAX_LISTED_RECORDS) return 'more records than a manifest lists'
  if (last_seq - first_seq + 1 < records) return 'more records than lie between the first and the last'
  // The newest entry of a ledger never leaves.
  if (last_seq >= as_of_seq) return 'a record that was not looked at, or the newest one'
  if (policies.some((one) => one.records === 0 || one.records > records)) return 'a policy of more records, or of none'
  if (stays.some((one) => one.records < one.sample.length)) return 'a sample of more than stay'
  if (stays.some((one) => (one.sample.at(-1) ?? 0) > as_of_seq)) return 'an entry that was not looked at'
  const all = stays.reduce((sum, one) => sum + one.records, records)
  if (all > as_of_seq + 1) return 'more records than there were'
  if (delay_days > 0 && delay_days < MIN_DELAY_DAYS) return `a delay of less than ${MIN_DELAY_DAYS} days`
  return repeatedCopy(plan.copies) ? 'a copy that stands twice' : undefined
}

/** Reads a plan. Strict: formatPlan gives the same bytes again. */
export function parsePlan(bytes: Uint8Array): DispositionPlan | PaperFault {
  return parsePaper(bytes, PLAN)
}

/**
 * The bytes of a plan.
 * @throws RangeError where parsePlan would not give back the same plan
 */
export function formatPlan(plan: DispositionPlan): Uint8Array {
  return formatPaper(plan, PLAN)
}

/**
 * What an approval names: 64 lower-case hex digits.
 * @throws RangeError as formatPlan
 */
export function planDigest(plan: DispositionPlan): string {
  return sha256Hex(concatBytes(utf8('affidavit disposition plan v1\n'), formatPlan(plan)))
}
