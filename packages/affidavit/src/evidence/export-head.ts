// What an export is made as of: the newest checkpoint, under the key in force.

import { toHex } from '../bytes/hex.ts'
import { utf8 } from '../bytes/text.ts'
import { LedgerError, unreachable } from '../errors/ledger-error.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import { parseNote } from '../formats/note.ts'
import { createNoteVerifier } from '../formats/note-verifier.ts'
import { parseVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { wholeNote } from '../ledger/prove.ts'

export interface ExportHead {
  readonly size: number
  readonly root_hash: string
  /** The checkpoint with the newest of its heartbeat lines. */
  readonly note: string
  /** The key that signed it, and is in force. */
  readonly vkey: string
}

/** A key change may come between reading the key and the checkpoint; then once more. */
const ATTEMPTS = 3

/**
 * Publishes, and answers the checkpoint together with the key in force that signed it.
 * @throws LedgerError `not-published` where no checkpoint is signed by the key in force
 */
export async function publishHead(ledger: Ledger): Promise<ExportHead> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const checkpoint = await ledger.publish()
    const vkey = await ledger.verifierKey()
    const opened = openCheckpoint(utf8(checkpoint.note), [keyOf(vkey)])
    if ('code' in opened) continue
    const { size, root } = opened.checkpoint
    return { size, root_hash: toHex(root), note: wholeNote(checkpoint), vkey }
  }
  throw new LedgerError('not-published', {
    problem: 'the newest checkpoint is not signed by the key in force: a key change is under way',
    cure: 'record something or wait for the next checkpoint, then export again',
  })
}

/** Whether a note carries a signature of the key over its text. */
export function signedBy(note: string, vkey: string): boolean {
  const parsed = parseNote(utf8(note))
  if ('code' in parsed) return false
  const key = keyOf(vkey)
  const verify = createNoteVerifier(key)
  return parsed.signatures
    .filter(({ name, keyId }) => name === key.name && keyId === key.keyId)
    .some(({ signature }) => !('code' in verify(parsed.text, signature)))
}

function keyOf(vkey: string): VerifierKey {
  const key = parseVerifierKey(vkey)
  return 'code' in key ? unreachable(`a ledger's own key is unreadable: ${key.code}`) : key
}
