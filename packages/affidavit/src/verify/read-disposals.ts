// By whose leave records were destroyed, as the papers on record say and the keys that somebody pinned prove.

import { disposalsIn } from '../disposition/disposals.ts'
import { replayedFor } from '../disposition/replayed.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'
import type { ReadDisposals } from './left.ts'

/** @param approvers keys of those who may approve, as the access policy has them */
export function disposalsBy(approvers: readonly VerifierKey[]): ReadDisposals {
  return (origin, records) => {
    const disposed = records.filter(({ action }) => action === 'records_disposed')
    const later = disposed.filter(({ ledger }) => ledger !== origin)
    const own = disposed.filter(({ ledger }) => ledger === origin)
    const disposals = disposalsIn(origin, [...own, ...replayedFor(origin, later)], approvers)
    return (entry) => {
      const disposal = disposals.of(entry)
      switch (disposal.state) {
        case 'none':
          return disposal.because === 'listed-otherwise' ? { leave: 'shown otherwise' } : undefined
        case 'not checked':
          return { leave: 'authority not checked', plan_sha256: disposal.plan_sha256 }
        case 'approved':
        case 'not independently approved':
          return { leave: 'authorised', plan_sha256: disposal.plan_sha256 }
      }
    }
  }
}
