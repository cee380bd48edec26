// Proofs for third parties: one read of planned nodes, built into a C2SP proof file (spec/proof.md).

import { utf8 } from '../bytes/text.ts'
import { formatProofFile } from '../formats/proof.ts'
import { buildInclusion, planInclusion } from '../merkle/inclusion.ts'
import type { NodeId } from '../merkle/node.ts'
import { LedgerError, unreachable } from './errors.ts'
import type { LedgerStore, StoredCheckpoint } from './store.ts'

/** The checkpoint's note with the newest of the cosignatures that came later: an idle ledger has one a minute. */
export function wholeNote({ note, cosignatures }: StoredCheckpoint): string {
  const newest = cosignatures.at(-1)
  return newest === undefined ? note : `${note}${newest}\n`
}

/**
 * The proof file that the entry at `seq` is in the log of `checkpoint`.
 * @throws LedgerError `not-found` where the checkpoint is older than the entry
 */
export async function proveInclusion(
  store: LedgerStore,
  ledger: string,
  seq: number,
  checkpoint: StoredCheckpoint,
): Promise<string> {
  if (seq >= checkpoint.size) {
    throw new LedgerError('not-found', {
      problem: `the checkpoint of size ${checkpoint.size} does not cover seq ${seq}`,
      cure: 'publish a checkpoint first: affidavit checkpoint --ledger DIR',
    })
  }
  const plan = planInclusion(seq, checkpoint.size)
  const ids = plan.flat()
  const hashes = await store.nodes(ledger, ids)
  const read = new Map(ids.map((id, i) => [key(id), hashes[i]]))
  const proof = buildInclusion(plan, (id) => read.get(key(id)) ?? unreachable('a planned node was not read'))
  return formatProofFile({
    extra: new Uint8Array(),
    index: seq,
    hashes: proof,
    checkpoint: utf8(wholeNote(checkpoint)),
  })
}

function key({ level, index }: NodeId): string {
  return `${level}/${index}`
}
