// Proofs for third parties: one read of planned nodes, built into a C2SP proof file (spec/proof.md).

import { utf8 } from '../bytes/text.ts'
import type { Hash } from '../crypto/sha256.ts'
import { formatProofFile } from '../formats/proof.ts'
import { buildInclusion, planInclusion } from '../merkle/inclusion.ts'
import { notFound } from './own-records.ts'
import { readPlanned } from './planned-nodes.ts'
import { findEntry } from './read.ts'
import type { LedgerStore, StoredCheckpoint } from './store.ts'

/** The checkpoint's note with the newest of the cosignatures that came later: an idle ledger has one a minute. */
export function wholeNote({ note, cosignatures }: StoredCheckpoint): string {
  const newest = cosignatures.at(-1)
  return newest === undefined ? note : `${note}${newest}\n`
}

export interface Proving {
  readonly store: LedgerStore
  readonly ledger: string
  /** Publishes a checkpoint of everything that is recorded. */
  readonly publish: () => Promise<StoredCheckpoint>
}

/** The proof file of a record, by id or seq. */
export type Prover = (which: string | number) => Promise<string>

/**
 * Proves that records are in the log, under the newest checkpoint, or under one that is published where that is older.
 * A log has a new checkpoint seldom: the nodes are read along with it, for the size that it had last time.
 * @throws (the prover) LedgerError `not-found`
 */
export function createProver({ store, ledger, publish }: Proving): Prover {
  let lastSize = 0

  async function proofUnder(seq: number, size: number): Promise<Hash[]> {
    const plan = planInclusion(seq, size)
    return buildInclusion(plan, await readPlanned(store, ledger, plan))
  }

  return async (which) => {
    const size = lastSize
    const ahead = isSeqBelow(which, size) ? proofUnder(which, size) : undefined
    // Where it is not used, nobody waits for it.
    ahead?.catch(() => undefined)
    const newestCheckpoint = store.latestCheckpoint(ledger, Number.MAX_SAFE_INTEGER)
    const [entry, newest] = await Promise.all([findEntry(store, ledger, which), newestCheckpoint])
    if (entry === undefined) throw notFound(which)
    const checkpoint = newest !== undefined && newest.size > entry.seq ? newest : await publish()
    lastSize = checkpoint.size
    const hashes = await (ahead !== undefined && checkpoint.size === size
      ? ahead
      : proofUnder(entry.seq, checkpoint.size))
    return formatProofFile({
      extra: new Uint8Array(),
      index: entry.seq,
      hashes,
      checkpoint: utf8(wholeNote(checkpoint)),
    })
  }
}

function isSeqBelow(which: string | number, size: number): which is number {
  return typeof which === 'number' && Number.isSafeInteger(which) && which >= 0 && which < size
}
