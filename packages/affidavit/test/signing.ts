// Keys and signed notes for tests of verification, made by the formats' own code.

import { formatCheckpointBody, signCheckpoint } from '../src/formats/checkpoint.ts'
import { cosign } from '../src/formats/cosignature.ts'
import { formatNote, formatSignatureLine } from '../src/formats/note.ts'
import { generateSignerKey, type SignerKey } from '../src/formats/signer-key.ts'
import { formatVerifierKey } from '../src/formats/verifier-key.ts'
import { createGrowth, emptyFrontier, rootOfFrontier } from '../src/merkle/growth.ts'
import { leafHash } from '../src/merkle/hash.ts'
import type { KeyEntry } from '../src/verify/entries.ts'
import type { Trust } from '../src/verify/trust.ts'

export function logKey(origin: string): SignerKey {
  return generateSignerKey(origin, 'ed25519')
}

export function heartbeatKey(origin: string): SignerKey {
  return generateSignerKey(`${origin}/heartbeat`, 'cosignature/v1')
}

export function pinnedTo(...keys: readonly SignerKey[]): Trust & { readonly kind: 'pinned' } {
  return { kind: 'pinned', keys: keys.map(({ verifierKey }) => verifierKey) }
}

/** The note that the first `size` of `entries` are the log, signed by `signers`, log keys and cosigners alike. */
export function noteOf(
  origin: string,
  entries: readonly Uint8Array[],
  signers: readonly SignerKey[],
  seconds: number = 1_795_000_000,
): string {
  return signedNote(formatCheckpointBody({ origin, size: entries.length, root: rootOf(entries) }), signers, seconds)
}

function signedNote(text: string, signers: readonly SignerKey[], seconds: number = 1_795_000_000): string {
  const lines = signers.flatMap((key) =>
    key.verifierKey.type === 'ed25519' ? signCheckpoint(text, [key]) : [cosign(text, key, seconds)],
  )
  return formatNote(text, lines)
}

/** A cosignature line for a note, without its newline. */
export function timeLine(note: string, key: SignerKey, seconds: number): string {
  return formatSignatureLine(cosign(note.slice(0, note.lastIndexOf('\n\n') + 1), key, seconds)).trimEnd()
}

export function rootOf(entries: readonly Uint8Array[]): Uint8Array {
  const growth = createGrowth(emptyFrontier)
  for (const entry of entries) growth.append(leafHash(entry))
  return rootOfFrontier(growth.frontier())
}

/** Entry 0 as far as keys go. */
export function startEntry(first: SignerKey, heartbeat: SignerKey): KeyEntry {
  const details = {
    checkpoint_key: formatVerifierKey(first.verifierKey),
    heartbeat_key: formatVerifierKey(heartbeat.verifierKey),
  }
  return { seq: 0, action: 'logging_started', details }
}

/** The announcement of a new key. */
export function rotationEntry(seq: number, old: SignerKey, next: SignerKey): KeyEntry {
  const details = { old_key: formatVerifierKey(old.verifierKey), new_key: formatVerifierKey(next.verifierKey) }
  return { seq, action: 'key_rotated', details }
}
