// Opening: what the database says is held against what was released outside it (spec/sequencing.md §5). The same code
// runs after a crash and after a clean close.

import { equalBytes } from '../bytes/compare.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { isRecordStart, isStartOfRecord, tornHead } from '../formats/torn-record.ts'
import { rootOfFrontier } from '../merkle/growth.ts'
import { readCheckpoints } from './checkpoints.ts'
import { type CheckedTree, type Publishing, storedFrontier } from './publish.ts'
import { newestReleased, type Released, releaseMissing } from './release.ts'
import type { StoredCheckpoint } from './store.ts'

/**
 * Refuses a database that is older than, or another history than, the newest checkpoint outside it; releases the
 * checkpoints that a crash kept from being released, and keeps those again that a restored database lacks. Answers the tree
 * that the newest checkpoint swears to.
 * @throws LedgerError `rolled-back`, `forked`, `not-published`, `store-corrupt`
 */
export async function recover(publishing: Publishing): Promise<CheckedTree> {
  const { store, ledger, outside } = publishing
  const torn = await outside.torn()
  const released = await newestReleased(publishing)
  const newest = released.at(-1)
  const size = (await store.head(ledger))?.size ?? 0
  if (newest !== undefined) {
    if (newest.size > size) throw rolledBack(outside.path, newest.size, size)
    const stored = rootOfFrontier(await storedFrontier(store, ledger, newest.size))
    if (!equalBytes(stored, newest.root)) throw forked(outside.path, newest.size)
  }
  if (torn.length > 0) await checkTorn(publishing, torn, size)
  await keepAgain(publishing, released)
  await releaseMissing(publishing, released)
  const kept = await store.latestCheckpoint(ledger, size)
  return { frontier: await storedFrontier(store, ledger, kept?.size ?? 0) }
}

// A database that was copied between its last entry and the checkpoint of it comes back without the checkpoint, which was
// released. Nobody may miss it: it is kept again, where the entries' bytes give its root.
async function keepAgain({ store, ledger, outside }: Publishing, released: readonly Released[]): Promise<void> {
  for (const { size, root, note } of released) {
    const kept = await store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER)
    if (kept !== undefined && kept.size >= size) continue
    const regrown = await store.regrow(ledger, await storedFrontier(store, ledger, kept?.size ?? 0), size)
    if (!equalBytes(rootOfFrontier(regrown), root)) throw forked(outside.path, size)
    await store.keepCheckpoint(ledger, { size, note })
  }
}

// The next record is written over it. What this ledger was writing when it died was committed before; what stands there in
// another ledger's name is for that one to know.
async function checkTorn({ store, ledger, outside }: Publishing, torn: Uint8Array, size: number): Promise<void> {
  const kept: StoredCheckpoint[] = []
  for await (const checkpoint of readCheckpoints(store, ledger, -1)) kept.push(checkpoint)
  if (isStartOfRecord(torn, kept)) return
  const head = tornHead(torn)
  if (!isRecordStart(torn)) throw damaged(outside.path)
  if (head.origin !== ledger) return
  throw head.size !== undefined && head.size > size ? rolledBack(outside.path, head.size, size) : damaged(outside.path)
}

function damaged(path: string): LedgerError {
  return new LedgerError('forked', {
    problem: `the end of the checkpoint log ${path} is not the start of a record that the database keeps: it was altered, or the database was; nothing was written to it`,
    cure: 'keep both as evidence and run affidavit verify; with the database found good, move the log away, and opening writes it anew',
  })
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
