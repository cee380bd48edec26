// The beginning of a ledger that was made: its first record, and its first checkpoint.

import { openFolder, type PartOptions } from './open.ts'
import type { Place } from './place.ts'

/** Identity and verifier key of a ledger. */
export interface Made {
  readonly origin: string
  readonly verifierKey: string
}

/** Opening a ledger for the first time records its beginning; closing it publishes that, and closes its parts. */
export async function start(place: Place, origin: string, parts: PartOptions = {}): Promise<Made> {
  const ledger = await openFolder(place, parts)
  try {
    return { origin, verifierKey: await ledger.verifierKey() }
  } finally {
    await ledger.close()
  }
}
