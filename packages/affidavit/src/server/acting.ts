// What whoever signed in does with a ledger: in their name, by the policy of their credential (spec/http.md §1).

import { policyFor } from '../access/principal.ts'
import { createLedgerArchive, type LedgerArchive } from '../embedded/archiving.ts'
import { createLedgerDispositions, type LedgerDispositions } from '../embedded/disposing.ts'
import { createLedgerErasures, type LedgerErasures } from '../embedded/erasing.ts'
import { createLedgerHolds, type LedgerHolds } from '../embedded/holds.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Asked } from './asked.ts'

export function holdsOf({ served, principal, reader }: Asked): LedgerHolds {
  const policy = policyFor(served.access, principal)
  const holding: Ledger['holding'] = (by) => served.ledger.holding(by, { policy })
  return createLedgerHolds({ as: asIn(served.ledger, policy), holding }, reader)
}

export function erasuresOf({ served, principal, reader }: Asked): LedgerErasures {
  const { ledger, place } = served
  const access = policyFor(served.access, principal)
  return createLedgerErasures(
    { as: asIn(ledger, access), erasures: ledger.erasures },
    { home: place.home, access },
    reader,
  )
}

export function dispositionsOf({ served, principal, reader }: Asked): LedgerDispositions {
  const { ledger, place } = served
  const access = policyFor(served.access, principal)
  return createLedgerDispositions(
    { as: asIn(ledger, access), dispositions: ledger.dispositions },
    { home: place.home, access },
    reader,
  )
}

export function archiveOf({ served, principal, reader }: Asked): LedgerArchive {
  const { ledger, place } = served
  const access = policyFor(served.access, principal)
  return createLedgerArchive(ledger, { home: place.home, archive: undefined, access, clock: undefined }, reader)
}

function asIn(ledger: Ledger, policy: ReturnType<typeof policyFor>): Ledger['as'] {
  return (by) => ledger.as(by, { policy })
}
