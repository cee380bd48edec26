// Legal holds for who embeds a ledger: what affidavit hold does, in somebody's name (spec/holds.md).

import type { HoldPlaced, HoldReleased, HoldRequest } from '../ledger/hold.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reader } from '../ledger/reader.ts'
import {
  formatHoldRelease,
  type HoldReleasePaper,
  holdReleaseDigest,
  parseHoldRelease,
} from '../papers/hold-release.ts'
import { noSuchPaper } from './approvable.ts'
import { noteOf } from './approve.ts'
import { viewed } from './viewed.ts'

/** As it is handed to the approver, and back to `release`. */
export interface HoldReleasePlanned {
  readonly says: HoldReleasePaper
  readonly release_sha256: string
  /** Its bytes: what `approve` takes. */
  readonly release: Uint8Array
}

export interface LedgerHolds {
  /**
   * Places a hold, which binds at once what fits, also what is recorded later; for who may `hold`.
   * @throws LedgerError `not-allowed`, `invalid-query`, `not-found` where an id finds nothing: nothing was changed
   */
  place(request: HoldRequest): Promise<HoldPlaced>
  /**
   * Writes down the release of a hold, for somebody else to approve; for who may `release-hold`. Releases nothing. That it was looked at is on record before it is answered.
   * @throws LedgerError `not-allowed`, `invalid-query`, `not-found`
   */
  planRelease(hold_id: string, reason: string): Promise<HoldReleasePlanned>
  /**
   * Releases a hold, as somebody else approved. Destroys nothing.
   * @param order the bytes of the release, and the signed note of `approve`
   * @throws LedgerError `not-allowed`, `invalid-query`, `not-found`: nothing was changed
   */
  release(order: { readonly release: Uint8Array; readonly approval: Uint8Array | string }): Promise<HoldReleased>
}

export function createLedgerHolds(ledger: Pick<Ledger, 'holding' | 'as'>, by: Reader): LedgerHolds {
  const holding = ledger.holding(by)
  return {
    place: (request) => holding.place(request),
    async planRelease(hold_id, reason) {
      const says = await holding.planRelease(hold_id, reason)
      // It tells how many records there are.
      await viewed(ledger, by, {
        operation: 'hold release plan',
        details: { hold_id, as_of_seq: says.as_of_seq },
        results: [],
      })
      return { says, release_sha256: holdReleaseDigest(says), release: formatHoldRelease(says) }
    },
    async release({ release: bytes, approval }) {
      const release = parseHoldRelease(bytes)
      if ('code' in release) throw noSuchPaper('no release of a hold', release)
      return await holding.release({ release, approval: noteOf(approval) })
    },
  }
}
