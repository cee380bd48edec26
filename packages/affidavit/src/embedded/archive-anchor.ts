// The checkpoints of an archive, as an anchor: what lies there under its locks was signed before whatever a ledger was rewritten to.

import { keptCheckpoints } from '../archive/kept-checkpoints.ts'
import type { ObjectStore } from '../archive/object-store.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import type { Anchor } from '../verify/anchors.ts'

/** @throws LedgerError `archive-unavailable` */
export async function archiveAnchor(objects: ObjectStore): Promise<Anchor> {
  const notes: string[] = []
  const faults: string[] = []
  for await (const { key, note } of keptCheckpoints(objects)) {
    const text = decodeUtf8(note)
    if (text === undefined) faults.push(`${key} is no checkpoint: it is not UTF-8`)
    else notes.push(text)
  }
  return { kind: 'archive', where: objects.where, notes, faults }
}

/** That it cannot be read. */
export function archiveAway(why: string): Anchor {
  return { kind: 'archive', where: 'the archive', notes: [], faults: [], away: why }
}
