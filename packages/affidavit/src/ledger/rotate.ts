// A new key for checkpoints (spec/sequencing.md §7): announced in the log, sworn to by both keys, then in force. Every
// step can be done again, so a crash between two of them costs nothing.

import { utf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import type { Draft } from '../formats/fields.ts'
import { formatVerifierKey } from '../formats/verifier-key.ts'
import type { LedgerKeys, Signer } from './keys.ts'
import { actorOf, type Operator } from './operator.ts'
import type { Settled } from './place.ts'
import type { Publisher } from './publisher.ts'
import type { StoredCheckpoint } from './store.ts'

/** Other processes publish too, and a checkpoint that only the old key signed announces nothing; then once more. */
const ATTEMPTS = 20

export interface Rotation {
  /** Who replaces it; the ledger itself where it finishes what was begun. */
  readonly operator?: Operator | undefined
  readonly keys: LedgerKeys
  readonly publisher: Publisher
  record(draft: Draft): Promise<{ readonly state: Settled['state'] }>
  deriveId(...words: readonly string[]): string
}

/** Replaces the checkpoint key; the old secret is destroyed once both keys have signed. */
export async function rotateCheckpointKey(
  rotation: Rotation,
): Promise<{ readonly verifierKey: string; readonly checkpoint: StoredCheckpoint }> {
  const { keys, publisher } = rotation
  const old = await keys.checkpoint()
  const next = await keys.beginRotation()
  // Announcements of a rotation that was interrupted are found again, and do not count: it goes on behind them.
  for (let attempt = 0, announced = 0; announced < ATTEMPTS; attempt++) {
    const { state } = await rotation.record(announcement(rotation, old, next, attempt))
    if (state === 'recorded') announced++
    const checkpoint = await publisher.publish([next])
    if (!isSignedByBoth(checkpoint, old, next)) continue
    await keys.finishRotation(next)
    return { verifierKey: formatVerifierKey(next.verifierKey), checkpoint }
  }
  throw new LedgerError('not-published', {
    problem: `other processes published first, ${ATTEMPTS} times; the new key is not in force yet`,
    cure: 'run the rotation again: it continues with the same key',
  })
}

function announcement({ deriveId, operator }: Rotation, old: Signer, next: Signer, attempt: number): Draft {
  const details = { old_key: formatVerifierKey(old.verifierKey), new_key: formatVerifierKey(next.verifierKey), attempt }
  return {
    id: deriveId('key_rotated', details.old_key, details.new_key, String(attempt)),
    action: 'key_rotated',
    outcome: 'success',
    ...actorOf(operator),
    data_classification: 'internal',
    details,
  }
}

function isSignedByBoth({ note }: StoredCheckpoint, old: Signer, next: Signer): boolean {
  const signed = (signer: Signer): boolean => !('code' in openCheckpoint(utf8(note), [signer.verifierKey]))
  return signed(old) && signed(next)
}
