// Opening: what the database says is held against what was released outside it (spec/sequencing.md §5). The same code
// runs after a crash and after a clean close.

import { equalBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import { rootOfFrontier } from '../merkle/growth.ts'
import type { TreeHead } from '../merkle/head.ts'
import { LedgerError } from './errors.ts'
import { type CheckedTree, type Publishing, storedFrontier } from './publish.ts'

const PAGE = 100

/**
 * Refuses a database that is older than, or another history than, the newest checkpoint outside it; releases the
 * checkpoints that a crash kept from being released. Answers the tree that the newest checkpoint swears to.
 * @throws LedgerError `rolled-back`, `forked`, `not-published`
 */
export async function recover(publishing: Publishing): Promise<CheckedTree> {
  const { store, ledger, outside } = publishing
  const released = await newestReleased(publishing)
  const newest = released.at(-1)
  const size = (await store.head(ledger))?.size ?? 0
  if (newest !== undefined) {
    if (newest.size > size) throw rolledBack(outside.path, newest.size, size)
    const stored = rootOfFrontier(await storedFrontier(store, ledger, newest.size))
    if (!equalBytes(stored, newest.root)) throw forked(outside.path, newest.size)
  }
  await releaseMissing(publishing, released)
  const kept = await store.latestCheckpoint(ledger, size)
  return { frontier: await storedFrontier(store, ledger, kept?.size ?? 0) }
}

/** The tree heads among the newest released checkpoints, ascending. */
async function newestReleased({ keys, ledger, outside }: Publishing): Promise<readonly TreeHead[]> {
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

// A crash between commit and release leaves a hole, and another process may have released a later one meanwhile.
async function releaseMissing({ store, ledger, outside }: Publishing, released: readonly TreeHead[]): Promise<void> {
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

function rolledBack(path: string, outside: number, size: number): LedgerError {
  return new LedgerError('rolled-back', {
    problem: `the database holds ${size} entries, but the checkpoint log ${path} knows of ${outside}: this is an older copy, or its end was cut off`,
    cure: 'bring back the newer database; or, where it is lost for good, continue in a new incarnation: affidavit init --ledger DIR --after-restore',
  })
}

function forked(path: string, size: number): LedgerError {
  return new LedgerError('forked', {
    problem: `the database has another history than the checkpoint of size ${size} in ${path}`,
    cure: 'keep both as evidence and run affidavit verify: it says where they part',
  })
}
