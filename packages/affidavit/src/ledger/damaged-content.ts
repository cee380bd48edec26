// Payloads that an erasure would have to wrap anew, and cannot (spec/erasure.md §6): the content key that is stored beside them
// is not the recorded one, or is not there. Which they are is told from entries, database and keyring, without opening any.

import { damagedListDigest, type ErasurePlan, MAX_DAMAGED_LISTED } from '../erasure/plan.ts'
import { contentKeyId } from '../formats/content-key.ts'
import { type LeavingParts, leavingOf, type PlacedContentKey } from './leave-linked.ts'
import type { Owners } from './linked-content.ts'

/** The part of a plan that says what is damaged. */
export type Damage = Pick<ErasurePlan, 'damaged' | 'damaged_sample' | 'damaged_payloads' | 'damaged_list_sha256'>

/** A payload that would be lost: of this incarnation or of an earlier one, with the first entry that names it. */
export type DamagedContent = Pick<PlacedContentKey, 'ledger' | 'blob_id' | 'seq'>

const MAX_SAMPLE = 10

/** Those that an erasure of these owners would lose, of entries below `until`; in the order of blob_id, each once. */
export async function readDamaged(
  parts: LeavingParts,
  owners: Owners,
  until: number,
): Promise<readonly DamagedContent[]> {
  const leaving = await leavingOf(parts, [{ decision: owners, decided: { seq: until } }])
  const found = new Map<string, DamagedContent>()
  for await (const portion of leaving.stored()) {
    for (const one of portion) {
      const { ledger, blob_id, seq } = one
      if (found.has(blob_id) || (ledger === parts.ledger && seq >= until)) continue
      if (contentKeyId(one.contentKey) === one.key_id || !(await wouldBeLost(parts, one))) continue
      found.set(blob_id, { ledger, blob_id, seq })
    }
  }
  return [...found.values()].sort((one, other) => (one.blob_id < other.blob_id ? -1 : 1))
}

// What was wrapped anew before opens by its row, and keeps it. Where an owner’s key is gone, it was erased.
async function wouldBeLost({ keyring }: LeavingParts, { ledger, blob_id, scopes }: PlacedContentKey): Promise<boolean> {
  if ((await keyring.knownScopeKeys(scopes)).includes(undefined)) return false
  return !(await keyring.wrappedAnew(ledger, [blob_id])).has(blob_id)
}

/** As a plan of this ledger says it: seqs are those of its own entries. */
export function damageOf(ledger: string, damaged: readonly DamagedContent[]): Damage {
  const blob_ids = damaged.map(({ blob_id }) => blob_id)
  const seqs = new Set(damaged.filter((one) => one.ledger === ledger).map(({ seq }) => seq))
  return {
    damaged: blob_ids.length,
    damaged_sample: [...seqs].sort((one, other) => one - other).slice(0, MAX_SAMPLE),
    damaged_payloads: blob_ids.slice(0, MAX_DAMAGED_LISTED),
    damaged_list_sha256: damagedListDigest(blob_ids),
  }
}

/** One that the plan does not list. Beyond what a plan can list, they have to be the same ones. */
export function unlisted(plan: Damage, damaged: readonly DamagedContent[]): DamagedContent | undefined {
  if (damagedListDigest(damaged.map(({ blob_id }) => blob_id)) === plan.damaged_list_sha256) return undefined
  const listed = new Set(plan.damaged_payloads)
  return damaged.find(({ blob_id }) => !listed.has(blob_id))
}
