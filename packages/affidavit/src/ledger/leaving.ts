// Which rows may become stubs, and which entries may come back (spec/stubs.md §2). Pure: a store calls it under the head lock
// with what it has read there, and writes what comes back.

import { equalBytes } from '../bytes/compare.ts'
import { HASH_BYTES } from '../crypto/sha256.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { parseEntry } from '../formats/entry.ts'
import { isStub, parseStub, STAYING_ACTIONS, type StubMark, stubOf } from '../formats/stub.ts'
import { leafHash } from '../merkle/hash.ts'
import type { LeavingEntry, Move, Removal, ReturningEntry, StoredEntry } from './store.ts'

/** A row, and what is to stand in it from now on. */
export interface Exchanged {
  readonly seq: number
  readonly entry: Uint8Array
}

/**
 * What is to be written for a removal; nothing for rows that hold their stub already.
 * @param row what stands at a seq now
 * @param newest the last seq of the ledger
 * @throws LedgerError `removal-refused`
 */
export function planLeaving(
  { entries }: Pick<Removal, 'entries'>,
  newest: number,
  row: (seq: number) => StoredEntry | undefined,
): readonly Exchanged[] {
  return entries.flatMap((leaving) => {
    const stored = row(leaving.seq)
    if (stored === undefined) throw refused(leaving.seq, 'there is no such entry')
    if (!equalBytes(stored.nodes.subarray(0, HASH_BYTES), leaving.leaf))
      throw refused(leaving.seq, 'it has another leaf hash than the one that was named')
    const entry = left(leaving, stored.entry)
    if (entry === undefined) return []
    if (leaving.seq >= newest) throw refused(leaving.seq, 'it is the newest entry of the ledger, which stays')
    return [{ seq: leaving.seq, entry }]
  })
}

// The stub for what stands there; nothing where it is there already.
function left({ seq, leaf, mark }: LeavingEntry, stored: Uint8Array): Uint8Array | undefined {
  if (!isStub(stored)) {
    if (!equalBytes(leafHash(stored), leaf)) throw refused(seq, 'its bytes do not have its leaf hash')
    const parsed = parseEntry(stored)
    const action = 'entry' in parsed ? parsed.entry.action : undefined
    if (action !== undefined && STAYING_ACTIONS.includes(action)) throw refused(seq, `a record ${action} stays`)
    return stubOf(stored, mark)
  }
  const parsed = parseStub(stored)
  if ('problem' in parsed) throw refused(seq, `its stub is none: ${parsed.problem}`)
  const { stub } = parsed
  if (isSame(stub.mark, mark)) return undefined
  if (stub.mark.state === 'disposed') throw refused(seq, `it was destroyed under the manifest ${stub.mark.manifest}`)
  if (mark.state === 'archived') throw refused(seq, `it is archived in the segment ${stub.mark.segment}`)
  return stubOf(stored, mark)
}

function isSame(one: StubMark, other: StubMark): boolean {
  if (one.state === 'disposed') return other.state === 'disposed' && one.manifest === other.manifest
  return other.state === 'archived' && one.segment === other.segment && one.block === other.block
}

/**
 * What is to be written for entries that come back; nothing for those that stand there already.
 * @throws LedgerError `removal-refused`
 */
export function planReturning(
  entries: readonly ReturningEntry[],
  row: (seq: number) => StoredEntry | undefined,
): readonly Exchanged[] {
  return entries.flatMap(({ seq, entry }) => {
    const stored = row(seq)
    if (stored === undefined) throw refused(seq, 'there is no such entry')
    if (!equalBytes(leafHash(entry), stored.nodes.subarray(0, HASH_BYTES)))
      throw refused(seq, 'the bytes that would come back do not have its leaf hash')
    if (!isStub(stored.entry)) return []
    const parsed = parseStub(stored.entry)
    if ('problem' in parsed) throw refused(seq, `its stub is none: ${parsed.problem}`)
    if (parsed.stub.mark.state === 'disposed') throw refused(seq, 'it was destroyed')
    return [{ seq, entry }]
  })
}

/** A row whose stub is exchanged for another: by way of its entry, so that the database itself holds the bytes against the leaf hash. */
export interface MovedEntry extends Exchanged {
  readonly stub: Uint8Array
}

/**
 * What is to be written for entries that lie elsewhere in the archive now; nothing for rows that do not say that they lie in `from`.
 * @throws LedgerError `removal-refused`
 */
export function planMoving(
  { from, entries }: Move,
  row: (seq: number) => StoredEntry | undefined,
): readonly MovedEntry[] {
  return entries.flatMap(({ seq, entry, mark }) => {
    const stored = row(seq)
    if (stored === undefined) throw refused(seq, 'there is no such entry')
    if (!equalBytes(leafHash(entry), stored.nodes.subarray(0, HASH_BYTES)))
      throw refused(seq, 'the bytes that were read where it is to lie do not have its leaf hash')
    if (!isStub(stored.entry)) return []
    const parsed = parseStub(stored.entry)
    if ('problem' in parsed) throw refused(seq, `its stub is none: ${parsed.problem}`)
    const { state } = parsed.stub.mark
    if (state === 'disposed' || parsed.stub.mark.segment !== from) return []
    return [{ seq, entry, stub: stubOf(entry, mark) }]
  })
}

/** A payload that a returning entry names would not be whole. */
export function notWhole(blob_id: string): LedgerError {
  return new LedgerError('removal-refused', {
    problem: `the payload ${blob_id} would not be whole; nothing was changed`,
    cure: 'bring it back with every chunk that it has in the archive',
  })
}

/** Something was recorded since it was judged that the entries may go. */
export function overtaken(action: string, seq: number): LedgerError {
  return new LedgerError('removal-overtaken', {
    problem: `${action} was recorded at seq ${seq} after it was judged that the records may go; nothing was changed`,
    cure: 'judge it again, with this record, and do what is then due',
  })
}

function refused(seq: number, why: string): LedgerError {
  return new LedgerError('removal-refused', {
    problem: `the entry at seq ${seq} is left as it is: ${why}; nothing was changed`,
    cure: 'affidavit verify says whether the row was altered',
  })
}
