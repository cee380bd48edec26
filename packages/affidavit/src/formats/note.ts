// C2SP signed notes (c2sp.org/signed-note v1.0.0; spec/checkpoint.md §1). Pure text: nothing here checks a signature.

import { fromBase64, toBase64 } from '../bytes/base64.ts'
import { concatBytes } from '../bytes/compare.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import { decodeUtf8 } from '../bytes/text.ts'

/** More than any note of ours carries; the specification asks verifiers for a limit of at least 16. */
const MAX_NOTE_SIGNATURES = 100

const KEY_ID_BYTES = 4
const EM_DASH = '\u2014'

/** One signature line. Name and key id together say which key signed, and with which algorithm. */
export interface NoteSignature {
  readonly name: string
  /** 8 lower-case hex digits. */
  readonly keyId: string
  /** What follows the key id: at least one byte, its layout is the key type's. */
  readonly signature: Uint8Array
}

/** A note taken apart. The text ends with a newline; it says nothing until a trusted signature over it is verified. */
export interface Note {
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Why a text cannot be part of a note. */
export type NoteTextFault =
  | { readonly code: 'note-not-utf8' }
  | { readonly code: 'note-control-character'; readonly character: string }
  | { readonly code: 'note-no-final-newline' }

/** Why bytes are no signed note. `signatureLine` counts signature lines from 1. */
export type NoteFault =
  | NoteTextFault
  | { readonly code: 'note-no-blank-line' }
  | { readonly code: 'note-no-signature-line' }
  | { readonly code: 'note-too-many-signatures'; readonly limit: number }
  | { readonly code: 'note-stray-line'; readonly signatureLine: number }
  | { readonly code: 'note-key-name'; readonly signatureLine: number }
  | { readonly code: 'note-signature-base64'; readonly signatureLine: number }
  | { readonly code: 'note-signature-length'; readonly signatureLine: number; readonly got: number }

/** Takes a signed note apart. Strict: `utf8(formatNote(note.text, note.signatures))` gives the same bytes again. */
export function parseNote(bytes: Uint8Array): Note | NoteFault {
  const whole = decodeUtf8(bytes)
  if (whole === undefined) return { code: 'note-not-utf8' }
  const fault = checkNoteText(whole)
  if (fault !== undefined) return fault
  // The text may hold empty lines itself: the last one separates.
  const blank = whole.lastIndexOf('\n\n')
  if (blank === -1) return { code: 'note-no-blank-line' }
  const signatures = parseSignatureLines(whole.slice(blank + 2))
  return 'code' in signatures ? signatures : { text: whole.slice(0, blank + 1), signatures }
}

/** Takes one or more signature lines apart, each ended by a newline: the end of a note, or what a witness answers. */
export function parseSignatureLines(text: string): readonly NoteSignature[] | NoteFault {
  if (text === '') return { code: 'note-no-signature-line' }
  if (!text.endsWith('\n')) return { code: 'note-no-final-newline' }
  const lines = text.slice(0, -1).split('\n', MAX_NOTE_SIGNATURES + 1)
  if (lines.length > MAX_NOTE_SIGNATURES) return { code: 'note-too-many-signatures', limit: MAX_NOTE_SIGNATURES }
  const signatures: NoteSignature[] = []
  for (const line of lines) {
    const signature = parseSignatureLine(line, signatures.length + 1)
    if ('code' in signature) return signature
    signatures.push(signature)
  }
  return signatures
}

function parseSignatureLine(line: string, signatureLine: number): NoteSignature | NoteFault {
  const [dash, name, base64, ...rest] = line.split(' ')
  if (dash !== EM_DASH || name === undefined || base64 === undefined || rest.length > 0) {
    return { code: 'note-stray-line', signatureLine }
  }
  if (!isKeyName(name)) return { code: 'note-key-name', signatureLine }
  const payload = fromBase64(base64)
  if (payload === undefined) return { code: 'note-signature-base64', signatureLine }
  if (payload.length <= KEY_ID_BYTES) return { code: 'note-signature-length', signatureLine, got: payload.length }
  return { name, keyId: toHex(payload.subarray(0, KEY_ID_BYTES)), signature: payload.subarray(KEY_ID_BYTES) }
}

/** What keeps `text` from standing in a note, if anything does. */
export function checkNoteText(text: string): NoteTextFault | undefined {
  if (!text.isWellFormed()) return { code: 'note-not-utf8' }
  const control = /[^\n -\u{10ffff}]/u.exec(text)?.[0]
  if (control !== undefined) return { code: 'note-control-character', character: codePoint(control) }
  return text.endsWith('\n') ? undefined : { code: 'note-no-final-newline' }
}

function codePoint(character: string): string {
  return `U+${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
}

/**
 * Whether `name` can name a key: not empty, no Unicode white space, no plus. Control characters and lone surrogates are
 * refused too: a key so named could never stand in a note.
 */
export function isKeyName(name: string): boolean {
  return name.isWellFormed() && /^[^\p{White_Space}+]+$/u.test(name) && !/[^ -\u{10ffff}]/u.test(name)
}

/**
 * The note of `text` and its signatures.
 * @throws RangeError where parseNote would refuse the result
 */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const fault = checkNoteText(text)
  if (fault !== undefined) throw new RangeError(`this is no text of a note: ${fault.code}`)
  if (signatures.length < 1 || signatures.length > MAX_NOTE_SIGNATURES) {
    throw new RangeError(`a note carries 1 to ${MAX_NOTE_SIGNATURES} signatures, not ${signatures.length}`)
  }
  return `${text}\n${signatures.map(formatSignatureLine).join('')}`
}

/**
 * One signature line with its newline. Appended to a note, it is one more signature of that note.
 * @throws RangeError for a name, key id or signature that no line can carry
 */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  if (!isKeyName(name)) throw new RangeError(`${JSON.stringify(name)} is no key name`)
  const id = fromHex(keyId)
  if (id?.length !== KEY_ID_BYTES) throw new RangeError(`a key id has 8 lower-case hex digits, not ${keyId}`)
  if (signature.length === 0) throw new RangeError('a signature has at least one byte')
  return `${EM_DASH} ${name} ${toBase64(concatBytes(id, signature))}\n`
}
