// A text under exactly one signature, by one of the keys that the reader pinned (spec/erasure.md §1). The text is given out
// only after the signature holds.

import { type NoteFault, parseNote } from '../formats/note.ts'
import { createNoteVerifier, type SignatureFault } from '../formats/note-verifier.ts'
import type { VerifierKey } from '../formats/verifier-key.ts'

export interface SignedText {
  readonly text: string
  readonly key: VerifierKey
}

export type SignedTextFault =
  | NoteFault
  | SignatureFault
  /** A second line could be added to the same text by anybody; with one, the bytes are those that were signed. */
  | { readonly code: 'signed-more-than-once'; readonly got: number }
  | { readonly code: 'signed-by-a-key-that-is-not-pinned'; readonly name: string; readonly keyId: string }

/** Keys of another type than Ed25519 sign no text of ours, and are passed over. */
export function openSignedText(bytes: Uint8Array, keys: readonly VerifierKey[]): SignedText | SignedTextFault {
  const note = parseNote(bytes)
  if ('code' in note) return note
  const { text, signatures } = note
  const [line] = signatures
  if (line === undefined || signatures.length > 1) return { code: 'signed-more-than-once', got: signatures.length }
  const { name, keyId, signature } = line
  // Key ids are short: two pinned keys can share name and id.
  const named = keys.filter((key) => key.type === 'ed25519' && key.name === name && key.keyId === keyId)
  const answers = named.map((key) => createNoteVerifier(key)(text, signature))
  const held = answers.find((answer) => !('code' in answer)) ?? answers[0]
  if (held === undefined) return { code: 'signed-by-a-key-that-is-not-pinned', name, keyId }
  return 'code' in held ? held : { text, key: held.key }
}
