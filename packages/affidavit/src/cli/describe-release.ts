// The release of a hold in words, for whoever is to approve it.

import type { HoldReleasePaper } from '../papers/hold-release.ts'
import { counted, printable } from './output.ts'

export function linesOfRelease(release: HoldReleasePaper): string[] {
  const { hold_id, matter, made_at, made_by, reason, ledger, as_of_seq, records, still_held } = release
  return [
    `release       of the hold ${hold_id}, asked for ${made_at} by ${made_by}`,
    `ledger        ${ledger}, as of seq ${as_of_seq}`,
    `matter        ${matter}`,
    `because       ${reason}`,
    `lets go of    ${counted(records, 'record')}${still_held === 0 ? '' : `, of which ${counted(still_held, 'record')} another hold binds too`}`,
    'stays         Nothing is destroyed by a release: what is due then is found in a plan of its own.',
  ].map(printable)
}
