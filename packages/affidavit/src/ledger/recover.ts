// Opening: what the database says is held against what was released outside it (spec/sequencing.md §5). The same code
// runs after a crash and after a clean close.

import { equalBytes } from '../bytes/compare.ts'
import { utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import { rootOfFrontier } from '../merkle/growth.ts'
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
  const size = (await store.head(ledger))?.size ?? 0
  if (released !== undefined) {
    if (released.size > size) throw rolledBack(outside.path, released.size, size)
    const stored = rootOfFrontier(await storedFrontier(store, ledger, released.size))
    if (!equalBytes(stored, released.root)) throw forked(outside.path, released.size)
  }
  await releaseFrom(publishing, released?.size ?? -1)
  const newest = await store.latestCheckpoint(ledger, size)
  return { frontier: await storedFrontier(store, ledger, newest?.size ?? 0) }
}

async function newestReleased({
  keys,
  ledger,
  outside,
}: Publishing): Promise<{ size: number; root: Uint8Array } | undefined> {
  const { verifierKey } = await keys.checkpoint()
  const pending = await keys.pendingRotation()
  const trusted = [verifierKey, keys.heartbeat.verifierKey, ...(pending === undefined ? [] : [pending.verifierKey])]
  let newest: { size: number; root: Uint8Array } | undefined
  for (const { note } of await outside.newest(ledger)) {
    const opened = openCheckpoint(utf8(note), trusted)
    if ('code' in opened) continue
    const { size, root } = opened.checkpoint
    if (newest === undefined || size > newest.size) newest = { size, root }
  }
  return newest
}

async function releaseFrom({ store, ledger, outside }: Publishing, after: number): Promise<void> {
  let from = after
  for (;;) {
    const missing = await store.checkpoints(ledger, from, PAGE)
    for (const { note } of missing) await outside.append(note)
    const last = missing.at(-1)
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
