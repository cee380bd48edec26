// Holds as they are found in a store (spec/holds.md §1). What they bind is links/holds.ts.

import type { AuditRecord } from '../formats/fields.ts'
import type { HoldQuery } from '../formats/hold.ts'
import { type Holds, holdsIn, type PlacedHold } from '../links/holds.ts'
import { readAllFacts } from './late-facts.ts'
import { readPages, recordOf } from './read.ts'
import type { EntryFilter, LedgerStore } from './store.ts'

/** Those that were placed below `asOf`, as they stood then. */
export async function readHolds(
  store: LedgerStore,
  ledger: string,
  asOf: number = Number.MAX_SAFE_INTEGER,
): Promise<Holds> {
  const records = await readHoldRecords(store, ledger, asOf)
  // Most ledgers have none, and late facts are not asked for in vain.
  return holdsIn(records, records.length === 0 ? [] : (await readAllFacts(store, ledger, asOf)).facts)
}

/** What `holdsIn` takes. */
export async function readHoldRecords(
  store: LedgerStore,
  ledger: string,
  asOf: number,
): Promise<readonly AuditRecord[]> {
  const records: AuditRecord[] = []
  for (const action of ['hold_placed', 'hold_released']) {
    for await (const entry of readPages(store, ledger, { action, until_seq: asOf })) records.push(recordOf(entry))
  }
  return records
}

export interface BoundRecords {
  readonly records: number
  /** Those of them that another hold binds too. */
  readonly still_held: number
}

/** How many records below `asOf` a hold binds. */
export async function countBound(
  store: LedgerStore,
  ledger: string,
  { holdsOn }: Pick<Holds, 'holdsOn'>,
  { id, query }: Pick<PlacedHold, 'id' | 'query'>,
  asOf: number,
): Promise<BoundRecords> {
  let [records, still_held] = [0, 0]
  for await (const entry of readPages(store, ledger, { ...indexedBy(query), until_seq: asOf })) {
    const holds = holdsOn(recordOf(entry))
    if (!holds.some((hold) => hold.id === id)) continue
    records++
    if (holds.length > 1) still_held++
  }
  return { records, still_held }
}

// Persons and resources may be said by a link, a content or an amendment, which no index knows; a conversation is said once.
function indexedBy({ conversation_id }: HoldQuery): EntryFilter {
  return conversation_id === undefined ? {} : { conversation_id }
}
