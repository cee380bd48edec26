// Which keys count, and from where on (spec/verification.md §3). A pinned key is the caller's; a key that the log names
// is followed only through checkpoints that a counted key signed too; a key that nobody pinned is "first use".

import { utf8 } from '../bytes/text.ts'
import type { Hash } from '../crypto/sha256.ts'
import { createCheckpointOpener, type OpenedCheckpoint } from '../formats/checkpoint.ts'
import { parseVerifierKey, sameVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { KeyEntry } from './entries.ts'
import { type Finding, finding } from './finding.ts'

/** What the caller trusts. */
export type Trust =
  | { readonly kind: 'pinned'; readonly keys: readonly VerifierKey[] }
  /** Nothing is pinned: the key that entry 0 names is taken, and the report says so. */
  | { readonly kind: 'first use' }

/** The keys that a log names about itself. */
export interface NamedKeys {
  readonly first: VerifierKey | undefined
  readonly heartbeat: VerifierKey | undefined
  /** Announced at `seq`, in this order. */
  readonly rotations: readonly { readonly seq: number; readonly oldKey: VerifierKey; readonly newKey: VerifierKey }[]
}

export function namedKeys(entries: readonly KeyEntry[]): NamedKeys {
  const start = entries.find(({ seq, action }) => seq === 0 && action === 'logging_started')
  return {
    first: keyOf(start?.details.checkpoint_key),
    heartbeat: keyOf(start?.details.heartbeat_key),
    rotations: entries.flatMap(({ seq, action, details }) => {
      const oldKey = keyOf(details.old_key)
      const newKey = keyOf(details.new_key)
      return action === 'key_rotated' && oldKey !== undefined && newKey !== undefined ? [{ seq, oldKey, newKey }] : []
    }),
  }
}

function keyOf(text: unknown): VerifierKey | undefined {
  const key = typeof text === 'string' ? parseVerifierKey(text) : undefined
  return key === undefined || 'code' in key ? undefined : key
}

/** A checkpoint of this log whose signatures hold. */
export interface HeldCheckpoint {
  readonly size: number
  readonly root: Hash
  readonly signers: readonly VerifierKey[]
  /** Unix seconds of its cosignatures, as claimed. */
  readonly times: readonly number[]
}

/** Opens notes under every key at hand: pinned ones and those that the log names. */
export function createNoteReader(
  origin: string,
  trust: Trust,
  named: NamedKeys,
): (note: string, what: string) => { readonly held: HeldCheckpoint } | { readonly found: Finding } {
  const open = createCheckpointOpener(keysAtHand(trust, named))
  return (note, what) => {
    const opened = open(utf8(note))
    if ('code' in opened) return { found: faultFinding(opened.code, what) }
    if (opened.checkpoint.origin !== origin) {
      return { found: finding('wrong-origin', { what }, `it is of ${opened.checkpoint.origin}, not of ${origin}`) }
    }
    return { held: heldOf(opened) }
  }
}

function keysAtHand(trust: Trust, named: NamedKeys): VerifierKey[] {
  const keys = [
    ...(trust.kind === 'pinned' ? trust.keys : []),
    ...[named.first, named.heartbeat].filter((key) => key !== undefined),
    ...named.rotations.map(({ newKey }) => newKey),
  ]
  return keys.filter((key, i) => keys.findIndex((other) => sameVerifierKey(other, key)) === i)
}

function faultFinding(code: string, what: string): Finding {
  if (code === 'no-trusted-signature') return finding('no-trusted-signature', { what }, 'no key at hand has signed it')
  if (/^(signature|cosignature)-/.test(code)) {
    return finding('signature-invalid', { what }, `a signature does not hold (${code})`)
  }
  return finding('checkpoint-unreadable', { what }, `it is no checkpoint (${code})`)
}

function heldOf({ checkpoint, verified }: OpenedCheckpoint): HeldCheckpoint {
  return {
    size: checkpoint.size,
    root: checkpoint.root,
    signers: verified.map(({ key }) => key),
    times: verified.flatMap((line) => (line.type === 'cosignature/v1' ? [line.time] : [])),
  }
}

/** Whether each checkpoint counts: signed by a log key that is trusted at its place. Checkpoints ascend by size. */
export function countedCheckpoints(
  checkpoints: readonly HeldCheckpoint[],
  trust: Trust,
  named: NamedKeys,
): readonly HeldCheckpoint[] {
  const trusted: VerifierKey[] =
    trust.kind === 'pinned' ? [...trust.keys] : named.first === undefined ? [] : [named.first]
  const counted: HeldCheckpoint[] = []
  for (const checkpoint of [...checkpoints].sort((a, b) => a.size - b.size)) {
    const logKeys = checkpoint.signers.filter(({ type }) => type === 'ed25519')
    const isTrusted = (key: VerifierKey): boolean => trusted.some((other) => sameVerifierKey(other, key))
    if (!logKeys.some(isTrusted)) continue
    counted.push(checkpoint)
    // Both keys of a change have signed, and the change is announced below: from here the new key counts too.
    for (const { seq, oldKey, newKey } of named.rotations) {
      const bothSigned = [oldKey, newKey].every((key) => logKeys.some((signer) => sameVerifierKey(signer, key)))
      if (seq < checkpoint.size && bothSigned && isTrusted(oldKey) && !isTrusted(newKey)) trusted.push(newKey)
    }
    // The new key alone: the old one is out of force, and what it signs later proves nothing.
    for (const { oldKey, newKey } of named.rotations) {
      const signedBy = (key: VerifierKey): boolean => logKeys.some((signer) => sameVerifierKey(signer, key))
      if (isTrusted(newKey) && signedBy(newKey) && !signedBy(oldKey)) {
        const at = trusted.findIndex((key) => sameVerifierKey(key, oldKey))
        if (at !== -1) trusted.splice(at, 1)
      }
    }
  }
  return counted
}
