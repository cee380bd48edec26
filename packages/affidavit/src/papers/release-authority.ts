// By whose leave a hold was released, from its record alone (spec/holds.md §2). Pure.

import { utf8 } from '../bytes/text.ts'
import type { UnixMillis } from '../clock/clock.ts'
import type { HoldRelease } from '../formats/hold.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import { type ApprovalAuthority, authorityOfApproval, type NoApproval } from './approval-authority.ts'
import { holdReleaseDigest, parseHoldRelease } from './hold-release.ts'

export type ReleaseAuthority =
  | Exclude<ApprovalAuthority, { state: 'none' }>
  | { readonly state: 'none'; readonly because: NoApproval | 'release-altered' | 'release-of-another-hold' }

/** @param approvers keys that whoever verifies has pinned */
export function releaseAuthority(
  { hold_id, hold_sha256, matter, release, release_sha256, approval, approval_sha256 }: HoldRelease,
  { ledger, done_at }: { readonly ledger: string; readonly done_at: UnixMillis },
  approvers: readonly VerifierKey[],
): ReleaseAuthority {
  const paper = parseHoldRelease(utf8(release))
  if ('code' in paper || holdReleaseDigest(paper) !== release_sha256)
    return { state: 'none', because: 'release-altered' }
  // What is masked in the reason of a record stands in the paper.
  const told = { ledger, hold_id, hold_sha256, matter }
  const isOfIt = Object.entries(told).every(([name, value]) => Reflect.get(paper, name) === value)
  if (!isOfIt) return { state: 'none', because: 'release-of-another-hold' }
  const { made_by, made_at } = paper
  const approved = { kind: 'hold release', plan_id: hold_id, plan_sha256: release_sha256 } as const
  return authorityOfApproval(
    utf8(approval),
    { ...approved, ledger, made_by, made_at, approval_sha256, done_at },
    approvers,
  )
}
