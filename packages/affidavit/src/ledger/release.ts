// Releasing: kept checkpoints are written to the log outside the database (spec/sequencing.md §6, spec/checkpoint.md §6).

import { utf8 } from '../bytes/text.ts'
import { openCheckpoint, parseCheckpointBody } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import type { TreeHead } from '../merkle/head.ts'
import type { Publishing } from './publish.ts'
import { corrupt } from './regrow.ts'
import type { StoredCheckpoint } from './store.ts'

const PAGE = 100

/** A tree head that stands outside the database, and the signed note that says it. */
export interface Released extends TreeHead {
  readonly note: string
}

/** The tree heads among the newest released checkpoints that a key of the ledger signed, ascending. */
export async function newestReleased({ keys, ledger, outside }: Publishing): Promise<readonly Released[]> {
  const { verifierKey } = await keys.checkpoint()
  const pending = await keys.pendingRotation()
  const trusted = [verifierKey, keys.heartbeat.verifierKey, ...(pending === undefined ? [] : [pending.verifierKey])]
  const released: Released[] = []
  for (const { note } of await outside.newest(ledger)) {
    const opened = openCheckpoint(utf8(note), trusted)
    if (!('code' in opened)) released.push({ ...opened.checkpoint, note })
  }
  return released.sort((a, b) => a.size - b.size)
}

/**
 * Releases the kept checkpoints that are not among the released ones: a crash, or a log that could not be written, held
 * them back, and another process may have released a later one meanwhile.
 * @throws LedgerError `not-published`; `store-corrupt` where what is kept is no checkpoint of this ledger, which nobody releases
 */
export async function releaseMissing(
  { store, ledger, outside }: Publishing,
  released: readonly Released[],
): Promise<void> {
  const there = new Set(released.map(({ size }) => size))
  let from = (released[0]?.size ?? 0) - 1
  for (;;) {
    const page = await store.checkpoints(ledger, from, PAGE)
    for (const kept of page) {
      if (there.has(kept.size)) continue
      refuseOther(kept, ledger)
      await outside.append(kept.note)
    }
    const last = page.at(-1)
    if (last === undefined) return
    from = last.size
  }
}

function refuseOther({ size, note }: StoredCheckpoint, ledger: string): void {
  const parsed = parseNote(utf8(note))
  const body = 'code' in parsed ? parsed : parseCheckpointBody(parsed.text)
  if ('code' in body) throw corrupt(`the checkpoint of size ${size} that is kept is none (${body.code})`)
  if (body.origin !== ledger || body.size !== size)
    throw corrupt(`the checkpoint that is kept for size ${size} is of another size, or of another ledger`)
}
