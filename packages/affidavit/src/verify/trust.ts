// Which keys count, and from where on (spec/verification.md §3). A pinned key is the caller's; a key that the log names
// is followed only through checkpoints that a counted key signed too; a key that nobody pinned is "first use".

import { utf8 } from '../bytes/text.ts'
import type { Hash } from '../crypto/sha256.ts'
import { createCheckpointOpener } from '../formats/checkpoint.ts'
import { parseCheckpointKeyChange } from '../formats/key-rotation.ts'
import type { VerifiedSignature } from '../formats/note-verifier.ts'
import { parseVerifierKey, sameVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { TreeHead } from '../merkle/head.ts'
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
      const change = action === 'key_rotated' ? parseCheckpointKeyChange(details) : undefined
      return change === undefined ? [] : [{ seq, ...change }]
    }),
  }
}

function keyOf(text: unknown): VerifierKey | undefined {
  const key = typeof text === 'string' ? parseVerifierKey(text) : undefined
  return key === undefined || 'code' in key ? undefined : key
}

/** A checkpoint of this log, and the lines of it whose signatures hold. */
export interface HeldCheckpoint {
  readonly size: number
  readonly root: Hash
  readonly lines: readonly VerifiedSignature[]
}

/** Opens a note; `what` names it in a finding. */
export type NoteReader = (note: string, what: string) => { readonly held: HeldCheckpoint } | { readonly found: Finding }

/** Opens notes under every key at hand: pinned ones and those that the log names. */
export function createNoteReader(origin: string, trust: Trust, named: NamedKeys): NoteReader {
  const open = createCheckpointOpener(keysAtHand(trust, named))
  return (note, what) => {
    const opened = open(utf8(note))
    if ('code' in opened) return { found: faultFinding(opened.code, what) }
    const { checkpoint, verified } = opened
    if (checkpoint.origin === origin) return { held: { ...headOf(checkpoint), lines: verified } }
    return { found: finding('wrong-origin', { what }, `it is of ${checkpoint.origin}, not of ${origin}`) }
  }
}

function headOf({ size, root }: TreeHead): TreeHead {
  return { size, root }
}

function keysAtHand(trust: Trust, named: NamedKeys): VerifierKey[] {
  const keys = [...(trust.kind === 'pinned' ? trust.keys : []), ...keysOfLog(named)]
  return keys.filter((key, i) => !isAmong(key, keys.slice(0, i)))
}

/** Every key that the log names as its own. */
export function keysOfLog({ first, heartbeat, rotations }: NamedKeys): VerifierKey[] {
  return [first, heartbeat, ...rotations.flatMap(({ oldKey, newKey }) => [oldKey, newKey])].filter(
    (key) => key !== undefined,
  )
}

export function isAmong(key: VerifierKey, keys: readonly VerifierKey[]): boolean {
  return keys.some((other) => sameVerifierKey(other, key))
}

function faultFinding(code: string, what: string): Finding {
  if (code === 'no-trusted-signature') return finding('no-trusted-signature', { what }, 'no key at hand has signed it')
  if (/^(signature|cosignature)-/.test(code)) {
    return finding('signature-invalid', { what }, `a signature does not hold (${code})`)
  }
  return finding('checkpoint-unreadable', { what }, `it is no checkpoint (${code})`)
}

/** The keys that signed as a log does; cosigners only say when. */
export function logSigners({ lines }: Pick<HeldCheckpoint, 'lines'>): VerifierKey[] {
  return lines.flatMap(({ type, key }) => (type === 'ed25519' ? [key] : []))
}

/** A checkpoint that a key in force at its place has signed. */
export interface CountedCheckpoint extends HeldCheckpoint {
  readonly by: VerifierKey
}

export interface TrustWalk {
  /** Ascending by size. */
  readonly counted: readonly CountedCheckpoint[]
  /** Every key that was in force anywhere on the way. */
  readonly trusted: readonly VerifierKey[]
  /** Where each of them was. */
  readonly force: readonly InForce[]
}

/** A key counts for the sizes from `from` on, and below `until`, where another one has replaced it. */
export interface InForce {
  readonly key: VerifierKey
  readonly from: number
  readonly until: number
}

/** Whether a key that was in force at its size has signed a checkpoint. */
export function isCounted(checkpoint: HeldCheckpoint, { force }: TrustWalk): boolean {
  const { size } = checkpoint
  const there = force.filter(({ from, until }) => from <= size && size < until).map(({ key }) => key)
  return logSigners(checkpoint).some((key) => isAmong(key, there))
}

/** Walks up the checkpoints of a log and follows its changes of keys: which checkpoints count, and which keys. */
export function walkTrust(
  origin: string,
  checkpoints: readonly HeldCheckpoint[],
  trust: Trust,
  named: NamedKeys,
): TrustWalk {
  const start = trust.kind === 'pinned' ? trust.keys : named.first === undefined ? [] : [named.first]
  // The name of a log's key is its origin (spec/checkpoint.md §3): the key of another log has no say here.
  let inForce = start.filter(({ type, name }) => type === 'ed25519' && name === origin)
  const since = new Map(inForce.map((key) => [key, 0]))
  const until = new Map<VerifierKey, number>()
  const counted: CountedCheckpoint[] = []
  for (const checkpoint of [...checkpoints].sort((a, b) => a.size - b.size)) {
    const signers = logSigners(checkpoint)
    const by = signers.find((key) => isAmong(key, inForce))
    if (by === undefined) continue
    counted.push({ ...checkpoint, by })
    const joining = newlyTrusted(checkpoint.size, signers, inForce, named)
    inForce.push(...joining)
    for (const key of joining) since.set(key, checkpoint.size)
    const replaced = inForce.filter((key) => isReplaced(key, signers, inForce, named))
    for (const key of replaced) until.set(key, checkpoint.size)
    inForce = inForce.filter((key) => !replaced.includes(key))
  }
  const force = [...since].map(([key, from]) => ({ key, from, until: until.get(key) ?? Number.POSITIVE_INFINITY }))
  return { counted, trusted: force.map(({ key }) => key), force }
}

// Both keys of a change have signed, and the change is announced below: from here the new key counts too.
function newlyTrusted(
  size: number,
  signers: readonly VerifierKey[],
  inForce: readonly VerifierKey[],
  { rotations }: NamedKeys,
): VerifierKey[] {
  const announced = rotations.filter(
    ({ seq, oldKey, newKey }) =>
      seq < size && isAmong(oldKey, signers) && isAmong(newKey, signers) && isAmong(oldKey, inForce),
  )
  const keys = announced.map(({ newKey }) => newKey).filter((key) => !isAmong(key, inForce))
  return keys.filter((key, i) => !isAmong(key, keys.slice(0, i)))
}

// The new key alone has signed: the old one is out of force, and what it signs later proves nothing.
function isReplaced(
  key: VerifierKey,
  signers: readonly VerifierKey[],
  inForce: readonly VerifierKey[],
  { rotations }: NamedKeys,
): boolean {
  return (
    !isAmong(key, signers) &&
    rotations.some(
      ({ oldKey, newKey }) => sameVerifierKey(oldKey, key) && isAmong(newKey, signers) && isAmong(newKey, inForce),
    )
  )
}
