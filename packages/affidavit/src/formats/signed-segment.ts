// The manifest of a segment as it is kept: a note under exactly one signature (spec/archive.md §1).

import { parseNote } from './note.ts'
import { createNoteVerifier } from './note-verifier.ts'
import { parseSegment, type SegmentManifest } from './segment.ts'
import type { VerifierKey } from './verifier-key.ts'

/** What it says, whoever signed it; a text says what is wrong. */
export function readSegmentNote(bytes: Uint8Array): SegmentManifest | string {
  const note = parseNote(bytes)
  if ('code' in note) return `it is no signed note (${note.code})`
  return parseSegment(note.text)
}

export type OpenedSegment =
  | { readonly manifest: SegmentManifest; readonly by: VerifierKey }
  /** `unsigned`: none of the keys signed it. */
  | { readonly fault: 'unreadable' | 'signature-invalid' | 'unsigned'; readonly problem: string }

/** What it says, where one of these keys signed it, and nobody else. */
export function openSegmentNote(bytes: Uint8Array, keys: readonly VerifierKey[]): OpenedSegment {
  const note = parseNote(bytes)
  if ('code' in note) return { fault: 'unreadable', problem: `it is no signed note (${note.code})` }
  const [line] = note.signatures
  if (line === undefined || note.signatures.length > 1)
    return { fault: 'unreadable', problem: `it has ${note.signatures.length} signatures` }
  const manifest = parseSegment(note.text)
  if (typeof manifest === 'string') return { fault: 'unreadable', problem: manifest }
  // Key ids are short: two keys can share name and id.
  const named = keys.filter(({ type, name, keyId }) => type === 'ed25519' && name === line.name && keyId === line.keyId)
  if (named.length === 0)
    return { fault: 'unsigned', problem: `it is signed by a key of ${line.name} that is not at hand` }
  for (const by of named) if (!('code' in createNoteVerifier(by)(note.text, line.signature))) return { manifest, by }
  return { fault: 'signature-invalid', problem: 'its signature does not hold' }
}
