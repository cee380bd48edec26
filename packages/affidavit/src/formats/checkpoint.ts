// Checkpoints (c2sp.org/tlog-checkpoint v1.0.0; spec/checkpoint.md §3): a note whose text is a log's tree head.

import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { equalBytes } from '../bytes/compare.ts'
import { parseDecimal } from '../bytes/decimal.ts'
import { utf8 } from '../bytes/text.ts'
import { signEd25519 } from '../crypto/ed25519.ts'
import { HASH_BYTES, sha256Hex } from '../crypto/sha256.ts'
import { EMPTY_ROOT } from '../merkle/hash.ts'
import type { TreeHead } from '../merkle/head.ts'
import { checkNoteText, type Note, type NoteFault, type NoteSignature, type NoteTextFault, parseNote } from './note.ts'
import { createNoteVerifier, type NoteVerifier, type SignatureFault, type VerifiedSignature } from './note-verifier.ts'
import type { SignerKey } from './signer-key.ts'
import type { VerifierKey } from './verifier-key.ts'

/** What a log says of itself. */
export interface Checkpoint extends TreeHead {
  /** The identity of the log: for ours NAME/INCARNATION. */
  readonly origin: string
  /** Opaque lines after the root. We write none, for nobody can check them. */
  readonly extensions: readonly string[]
}

export type CheckpointFault =
  | NoteTextFault
  | { readonly code: 'checkpoint-too-few-lines'; readonly got: number }
  | { readonly code: 'checkpoint-empty-line'; readonly line: number }
  | { readonly code: 'checkpoint-size' }
  | { readonly code: 'checkpoint-root' }
  | { readonly code: 'checkpoint-root-of-empty-tree' }

/** Reads the text of a checkpoint note. Strict: `formatCheckpointBody` gives the same text again. */
export function parseCheckpointBody(text: string): Checkpoint | CheckpointFault {
  const fault = checkNoteText(text)
  if (fault !== undefined) return fault
  const lines = text.slice(0, -1).split('\n')
  const empty = lines.indexOf('')
  if (empty !== -1) return { code: 'checkpoint-empty-line', line: empty + 1 }
  const [origin, sizeLine, rootLine, ...extensions] = lines
  if (origin === undefined || sizeLine === undefined || rootLine === undefined) {
    return { code: 'checkpoint-too-few-lines', got: lines.length }
  }
  const size = parseDecimal(sizeLine)
  if (size === undefined) return { code: 'checkpoint-size' }
  const root = fromBase64(rootLine)
  if (root?.length !== HASH_BYTES) return { code: 'checkpoint-root' }
  if (size === 0 && !equalBytes(root, EMPTY_ROOT)) return { code: 'checkpoint-root-of-empty-tree' }
  return { origin, size, root, extensions }
}

/**
 * The text of a checkpoint note.
 * @throws RangeError where parseCheckpointBody would not give back the same checkpoint
 */
export function formatCheckpointBody(
  head: Omit<Checkpoint, 'extensions'> & { readonly extensions?: readonly string[] },
): string {
  const lines = [head.origin, String(head.size), toBase64(head.root), ...(head.extensions ?? [])]
  const text = `${lines.join('\n')}\n`
  const parsed = parseCheckpointBody(text)
  if ('code' in parsed) throw new RangeError(`this is no checkpoint: ${parsed.code}`)
  if (parsed.extensions.length !== lines.length - 3) throw new RangeError('a line of a checkpoint holds no newline')
  return text
}

/**
 * The signature lines of `body` by Ed25519 keys: one, or both of a key change. They go into formatNote.
 * @throws RangeError for a text that is no checkpoint, or a key that signs with a time (`cosign`)
 */
export function signCheckpoint(body: string, signers: readonly SignerKey[]): NoteSignature[] {
  const parsed = parseCheckpointBody(body)
  if ('code' in parsed) throw new RangeError(`this is no checkpoint: ${parsed.code}`)
  return signers.map(({ verifierKey: { type, name, keyId }, privateKey }) => {
    if (type !== 'ed25519') throw new RangeError(`a ${type} key does not sign checkpoints by itself: cosign does`)
    return { name, keyId, signature: signEd25519(privateKey, utf8(body)) }
  })
}

/** A checkpoint that at least one trusted key signed. */
export interface OpenedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly note: Note
  /** One for each line of a trusted key, in the order of the note; a key may stand twice, at two times. */
  readonly verified: readonly VerifiedSignature[]
}

export type OpenCheckpointFault =
  | NoteFault
  | SignatureFault
  | { readonly code: 'no-trusted-signature' }
  | CheckpointFault

/** Opens one checkpoint; see createCheckpointOpener. */
export function openCheckpoint(
  bytes: Uint8Array,
  trustedKeys: readonly VerifierKey[],
): OpenedCheckpoint | OpenCheckpointFault {
  return createCheckpointOpener(trustedKeys)(bytes)
}

/**
 * Opens checkpoints under pinned keys, of logs and of witnesses alike: which of them must have signed is for the
 * caller's policy to say, from `verified`. A line of an unknown (name, key id) is ignored; a line of a known one that
 * does not hold refuses the whole note; the text is read only after a signature over it holds.
 */
export function createCheckpointOpener(
  trustedKeys: readonly VerifierKey[],
): (bytes: Uint8Array) => OpenedCheckpoint | OpenCheckpointFault {
  const verify = lineVerifier(verifiersByKey(trustedKeys))
  return (bytes) => {
    const note = parseNote(bytes)
    if ('code' in note) return note
    const verified = verifySignatures(note, verify)
    if ('code' in verified) return verified
    if (verified.length === 0) return { code: 'no-trusted-signature' }
    const checkpoint = parseCheckpointBody(note.text)
    return 'code' in checkpoint ? checkpoint : { checkpoint, note, verified }
  }
}

// Key ids are short: two trusted keys can share name and id. Then the line of either is a known line.
function verifiersByKey(keys: readonly VerifierKey[]): ReadonlyMap<string, readonly NoteVerifier[]> {
  const verifiers = new Map<string, NoteVerifier[]>()
  for (const key of keys) {
    const named = verifiers.get(lineKey(key)) ?? []
    verifiers.set(lineKey(key), [...named, createNoteVerifier(key)])
  }
  return verifiers
}

// Names hold no space, so the pair is unambiguous.
function lineKey({ name, keyId }: { readonly name: string; readonly keyId: string }): string {
  return `${keyId} ${name}`
}

type LineVerifier = (text: string, line: NoteSignature) => VerifiedSignature | SignatureFault | undefined

// An anchor repeats what the log keeps, and what is kept apart repeats its text: each line is verified once, however often it is met.
function lineVerifier(verifiers: ReadonlyMap<string, readonly NoteVerifier[]>): LineVerifier {
  const met = new Map<string, VerifiedSignature | SignatureFault>()
  return (text, line) => {
    const named = verifiers.get(lineKey(line))
    if (named === undefined) return undefined
    // The text comes last: nothing before it holds a newline.
    const which = sha256Hex(`${lineKey(line)} ${toBase64(line.signature)}\n${text}`)
    const known = met.get(which)
    if (known !== undefined) return known
    const answers = named.map((verify) => verify(text, line.signature))
    const answer = answers.find((one) => !('code' in one)) ?? answers[0]
    if (answer !== undefined) met.set(which, answer)
    return answer
  }
}

function verifySignatures(
  { text, signatures }: Note,
  verify: LineVerifier,
): readonly VerifiedSignature[] | SignatureFault {
  const verified: VerifiedSignature[] = []
  for (const line of signatures) {
    const held = verify(text, line)
    if (held === undefined) continue
    if ('code' in held) return held
    verified.push(held)
  }
  return verified
}
