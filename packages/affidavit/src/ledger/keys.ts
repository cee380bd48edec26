// The keys seam: who signs for a ledger, and what its keyed digests are made with. A file implementation is keys/file.ts.

import type { KeyObject } from 'node:crypto'

import type { VerifierKey } from '../formats/verifier-key.ts'

/** Signs as one key. `sign` gives the raw signature of the message by the key that `verifierKey` names. */
export interface Signer {
  readonly verifierKey: VerifierKey
  sign(message: Uint8Array): Promise<Uint8Array>
}

export interface LedgerKeys {
  /** Key of keyed digests: draft commitments, prompt versions. HMAC-SHA-256, 32 bytes. */
  readonly digestKey: KeyObject
  /** Signs the time of heartbeats; `cosignature/v1`, never the key of checkpoints. */
  readonly heartbeat: Signer
  /**
   * The signer of checkpoints as of now: another process may have rotated it, so it is asked for each time.
   * @throws LedgerError `missing-key`
   */
  checkpoint(): Promise<Signer>
  /** A new checkpoint key, durable but not yet in force; the same one again until it is finished. */
  beginRotation(): Promise<Signer>
  /** The key that was begun and not finished; `undefined` where there is none. */
  pendingRotation(): Promise<Signer | undefined>
  /**
   * Puts the begun key in force and destroys the secret of the old one. Its announcement must be published already. Where
   * another process has finished it, nothing is left to do.
   */
  finishRotation(begun: Signer): Promise<void>
}
