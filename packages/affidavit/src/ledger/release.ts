// Releasing: kept checkpoints are written to the log outside the database (spec/sequencing.md §6, spec/checkpoint.md §6).

import { utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import type { TreeHead } from '../merkle/head.ts'
import type { Publishing } from './publish.ts'

const PAGE = 100

/** The tree heads among the newest released checkpoints that a key of the ledger signed, ascending. */
export async function newestReleased({ keys, ledger, outside }: Publishing): Promise<readonly TreeHead[]> {
  const { verifierKey } = await keys.checkpoint()
  const pending = await keys.pendingRotation()
  const trusted = [verifierKey, keys.heartbeat.verifierKey, ...(pending === undefined ? [] : [pending.verifierKey])]
  const released: TreeHead[] = []
  for (const { note } of await outside.newest(ledger)) {
    const opened = openCheckpoint(utf8(note), trusted)
    if (!('code' in opened)) released.push(opened.checkpoint)
  }
  return released.sort((a, b) => a.size - b.size)
}

/**
 * Releases the kept checkpoints that are not among the released ones: a crash, or a log that could not be written, held
 * them back, and another process may have released a later one meanwhile.
 * @throws LedgerError `not-published`
 */
export async function releaseMissing(
  { store, ledger, outside }: Publishing,
  released: readonly TreeHead[],
): Promise<void> {
  const there = new Set(released.map(({ size }) => size))
  let from = (released[0]?.size ?? 0) - 1
  for (;;) {
    const page = await store.checkpoints(ledger, from, PAGE)
    for (const { size, note } of page) if (!there.has(size)) await outside.append(note)
    const last = page.at(-1)
    if (last === undefined) return
    from = last.size
  }
}
