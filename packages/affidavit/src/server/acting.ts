// What whoever signed in does with a ledger: in their name, by the roles of their credential (spec/http.md §10).

import type { AccessPolicy } from '../access/policy.ts'
import { policyFor } from '../access/principal.ts'
import { readAccess } from '../embedded/access.ts'
import { createLedgerArchive, type LedgerArchive } from '../embedded/archiving.ts'
import { createLedgerDispositions, type LedgerDispositions } from '../embedded/disposing.ts'
import { createLedgerErasures, type LedgerErasures } from '../embedded/erasing.ts'
import { createLedgerHolds, type LedgerHolds } from '../embedded/holds.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Asked } from './asked.ts'

export function holdsOf(asked: Asked): LedgerHolds {
  const { ledger, access } = partsOf(asked)
  const holding: Ledger['holding'] = (by) => ledger.holding(by, { policy: access })
  return createLedgerHolds({ as: asIn(ledger, access), holding }, asked.reader)
}

export function erasuresOf(asked: Asked): LedgerErasures {
  const { ledger, home, access } = partsOf(asked)
  const { erasures } = ledger
  return createLedgerErasures({ as: asIn(ledger, access), erasures }, { home, access }, asked.reader)
}

export function dispositionsOf(asked: Asked): LedgerDispositions {
  const { ledger, home, access } = partsOf(asked)
  const { dispositions } = ledger
  return createLedgerDispositions({ as: asIn(ledger, access), dispositions }, { home, access }, asked.reader)
}

export function archiveOf(asked: Asked): LedgerArchive {
  const { ledger, home, access } = partsOf(asked)
  return createLedgerArchive(ledger, { home, archive: undefined, access, clock: undefined }, asked.reader)
}

interface Parts {
  readonly ledger: Ledger
  readonly home: string
  readonly access: AccessPolicy
}

// Who may approve is as the home says now: whoever was struck off approves nothing more.
function partsOf({ served: { ledger, place }, principal }: Asked): Parts {
  return { ledger, home: place.home, access: policyFor(readAccess(place.home), principal) }
}

function asIn(ledger: Ledger, policy: AccessPolicy): Ledger['as'] {
  return (by) => ledger.as(by, { policy })
}
