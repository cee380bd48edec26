// The paper that asks for the release of a hold (spec/holds.md §2): what somebody else is shown, and signs.

import { concatBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { type ApprovalCase, type ApprovalFault, type JudgedApproval, judgeApproval } from './judge-approval.ts'
import { formatPaper, type PaperFault, type PaperFormat, parsePaper } from './paper.ts'
import { count, hash, label, time, uuid } from './rules.ts'

export interface HoldReleasePaper {
  /** The origin of the ledger: NAME/INCARNATION. */
  readonly ledger: string
  /** The id of the `hold_placed`, and its integrity_hash. */
  readonly hold_id: string
  readonly hold_sha256: string
  readonly matter: string
  readonly made_at: string
  /** Who asks for it: a person of the access policy, by the name that stands there. */
  readonly made_by: string
  readonly reason: string
  /** The newest entry that was looked at. */
  readonly as_of_seq: number
  /** Records that the hold binds, and how many of these another hold binds too. */
  readonly records: number
  readonly still_held: number
}

const RELEASE: PaperFormat<HoldReleasePaper> = {
  kind: 'hold-release',
  maxBytes: 16_384,
  members: {
    ledger: label,
    hold_id: uuid,
    hold_sha256: hash,
    matter: label,
    made_at: time,
    made_by: label,
    reason: label,
    as_of_seq: count,
    records: count,
    still_held: count,
  },
  contradiction({ as_of_seq, records, still_held }) {
    if (records > as_of_seq + 1) return 'more records than there were'
    return still_held > records ? 'more records are held by others than are held' : undefined
  },
}

/** Reads a release. Strict: formatHoldRelease gives the same bytes again. */
export function parseHoldRelease(bytes: Uint8Array): HoldReleasePaper | PaperFault {
  return parsePaper(bytes, RELEASE)
}

/**
 * The bytes of a release.
 * @throws RangeError where parseHoldRelease would not give back the same one
 */
export function formatHoldRelease(release: HoldReleasePaper): Uint8Array {
  return formatPaper(release, RELEASE)
}

/** What an approval names: 64 lower-case hex digits. @throws RangeError as formatHoldRelease */
export function holdReleaseDigest(release: HoldReleasePaper): string {
  return sha256Hex(concatBytes(utf8('affidavit hold release v1\n'), formatHoldRelease(release)))
}

/** Judges the bytes of a signed approval. */
export function judgeReleaseApproval(
  note: Uint8Array,
  release: HoldReleasePaper,
  on: Pick<ApprovalCase, 'ledger' | 'policy'> & { readonly at: UnixMillis },
): JudgedApproval | ApprovalFault {
  const { ledger, hold_id: plan_id, made_at, made_by } = release
  const acts = { plan: 'release-hold', approve: 'approve-release' } as const
  const plan_sha256 = holdReleaseDigest(release)
  const planned = {
    kind: 'hold release',
    acts,
    ledger,
    plan_id,
    plan_sha256,
    made_at,
    made_by,
    refused_count: 0,
  } as const
  return judgeApproval(note, { ...on, planned })
}
