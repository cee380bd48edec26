// Ids of imported records (spec/import.md §3): derived, so that the same conversation always gives the same ids.

import { idProblem } from '../bytes/label.ts'
import { utf8 } from '../bytes/text.ts'
import { uuidV8 } from '../bytes/uuid.ts'
import { sha256 } from '../crypto/sha256.ts'
import { MAX_LABEL_BYTES } from '../formats/fields.ts'
import { ImportFault } from './fault.ts'

/** What a conversation is known by: its own id, else where it stands. */
export type ConversationKey =
  | { readonly kind: 'id'; readonly id: string }
  | { readonly kind: 'line'; readonly file: string; readonly line: number }

/**
 * The key of the conversation on a line. `file` is the name without its folder and without `.gz`: moving or packing a
 * file does not make it another one.
 * @throws ImportFault where neither an id nor the file's name can stand in a record
 */
export function conversationKey(id: string | undefined, file: string, line: number): ConversationKey {
  if (id !== undefined) return { kind: 'id', id }
  const key: ConversationKey = { kind: 'line', file: file.normalize('NFC').replace(/\.gz$/, ''), line }
  const problem = idProblem(conversationId(key), MAX_LABEL_BYTES)
  if (problem === undefined) return key
  throw new ImportFault('id', `is missing, and the file's name cannot stand in for it: FILE#LINE ${problem}`)
}

/** The id that records of this conversation carry. */
export function conversationId(key: ConversationKey): string {
  return key.kind === 'id' ? key.id : `${key.file}#${key.line}`
}

/**
 * UUIDv8 of one record. `position` is its place in the conversation, `3.call.0`. No word may hold a newline: origins,
 * conversation ids and file names that records can carry never do.
 */
export function recordId(origin: string, key: ConversationKey, position: string): string {
  const words = key.kind === 'id' ? ['id', key.id] : ['line', key.file, String(key.line)]
  return uuidV8(sha256(utf8(['affidavit import v1', 'openai-chat', origin, ...words, position].join('\n'))))
}
