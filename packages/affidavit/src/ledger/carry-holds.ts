// Holds outlive a restore (spec/holds.md §1): what stood where the incarnation before came to its end stands in the one that goes on
// from it, under the same id.

import type { AuditRecord, Draft } from '../formats/fields.ts'
import { holdsIn } from '../links/holds.ts'
import { incarnationsOf } from './leave-linked.ts'
import { findEntry } from './read.ts'
import { readHoldRecords } from './read-holds.ts'
import type { LedgerStore } from './store.ts'

export interface CarryingParts {
  readonly store: LedgerStore
  readonly ledger: string
  record(draft: Draft): Promise<unknown>
}

/** Places again what is not there yet; each is one record, however often a ledger is opened. */
export async function carryHolds({ store, ledger, record }: CarryingParts): Promise<void> {
  const incarnations = await incarnationsOf(store, ledger)
  const before = incarnations[incarnations.indexOf(ledger) - 1]
  if (before === undefined) return
  const records = await readHoldRecords(store, before, Number.MAX_SAFE_INTEGER)
  const standing = new Set(holdsIn(records, []).standing.map(({ seq }) => seq))
  for (const placed of records.filter(({ seq }) => standing.has(seq))) {
    if ((await findEntry(store, ledger, placed.id)) === undefined) await record(carried(placed))
  }
}

function carried(placed: AuditRecord): Draft {
  const { id, action, actor_id, actor_type, on_behalf_of, outcome_reason, subject_ids, details } = placed
  return {
    id,
    action,
    outcome: 'success',
    actor_id,
    actor_type,
    data_classification: 'internal',
    ...(on_behalf_of === undefined ? {} : { on_behalf_of }),
    ...(outcome_reason === undefined ? {} : { outcome_reason }),
    ...(subject_ids === undefined ? {} : { subject_ids }),
    details: { ...details, carried_from: placed.ledger, carried_sha256: placed.integrity_hash },
  }
}
