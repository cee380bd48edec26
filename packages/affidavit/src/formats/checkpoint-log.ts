// The checkpoint log (spec/checkpoint.md §6): checkpoints kept outside the database, in one text file that only grows.
// A record is a signed note and an empty line. No line of a checkpoint's text is empty, so in the file every first empty
// line ends a text and every second one ends a record: `grep`, `tail` and a careful eye can read it.

import { utf8 } from '../bytes/text.ts'
import { type CheckpointFault, parseCheckpointBody } from './checkpoint.ts'
import { type NoteFault, parseNote } from './note.ts'

/** More than a checkpoint with 100 post-quantum signatures takes. */
const MAX_RECORD_BYTES = 1_048_576

export interface CheckpointRecord {
  /** The signed note, verbatim. */
  readonly note: string
  /** Where the record begins, in bytes. */
  readonly offset: number
}

/** A last record whose end is not there: a crash cut it. Nothing was released that it says; it may be cut off. */
export interface TornRecord {
  readonly offset: number
  readonly reason: 'cut-in-text' | 'cut-in-signatures'
}

/** What no crash makes of a checkpoint log. `offset` is where the record in question begins. */
export type CheckpointLogFault = { readonly offset: number } & (
  | { readonly code: 'checkpoint-log-record'; readonly cause: NoteFault | CheckpointFault }
  | { readonly code: 'checkpoint-log-record-too-long'; readonly limit: number }
  | { readonly code: 'checkpoint-log-empty-line' }
)

export interface CheckpointLog {
  readonly records: readonly CheckpointRecord[]
  readonly torn?: TornRecord
}

/**
 * The bytes that append `note` to a checkpoint log.
 * @throws RangeError for a note that is no checkpoint
 */
export function encodeCheckpointRecord(note: string): string {
  const fault = checkRecord(utf8(note))
  if (fault !== undefined || !note.isWellFormed()) throw new RangeError('only a signed checkpoint becomes a record')
  return `${note}\n`
}

// The shape only: whose signatures these are is for the reader of the records to check.
function checkRecord(note: Uint8Array): NoteFault | CheckpointFault | undefined {
  const parsed = parseNote(note)
  if ('code' in parsed) return parsed
  const body = parseCheckpointBody(parsed.text)
  return 'code' in body ? body : undefined
}

/** Reads a whole checkpoint log. */
export function parseCheckpointLog(bytes: Uint8Array): CheckpointLog | CheckpointLogFault {
  const records: CheckpointRecord[] = []
  for (const item of readRecords(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, 'last')) {
    if ('note' in item) records.push(item)
    else return 'code' in item ? item : { records, torn: item }
  }
  return { records }
}

/**
 * Reads a checkpoint log piece by piece, in memory of one piece and one record. A torn record or a fault is the last
 * item; what came before it holds.
 */
export async function* readCheckpointLog(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<CheckpointRecord | TornRecord | CheckpointLogFault> {
  let pending: Buffer = Buffer.alloc(0)
  let offset = 0
  for await (const piece of pieces) {
    pending = Buffer.concat([pending, piece])
    let taken = 0
    for (const item of readRecords(pending, offset, 'more follows')) {
      yield item
      if (!('note' in item)) return
      taken = item.offset - offset + Buffer.byteLength(item.note) + 1
    }
    pending = pending.subarray(taken)
    offset += taken
  }
  yield* readRecords(pending, offset, 'last')
}

// `offset` is the place of the first byte in the file. Ends with the first item that is no record.
function* readRecords(
  bytes: Buffer,
  offset: number,
  piece: 'last' | 'more follows',
): Generator<CheckpointRecord | TornRecord | CheckpointLogFault> {
  let at = 0
  while (at < bytes.length) {
    if (bytes[at] === 0x0a) return yield { offset: offset + at, code: 'checkpoint-log-empty-line' }
    const end = findEnd(bytes, at)
    const length = (typeof end === 'number' ? end : bytes.length) - at
    if (length > MAX_RECORD_BYTES) {
      return yield { offset: offset + at, code: 'checkpoint-log-record-too-long', limit: MAX_RECORD_BYTES }
    }
    if (typeof end !== 'number') {
      if (piece === 'last') yield { offset: offset + at, reason: end }
      return
    }
    const note = bytes.subarray(at, end - 1)
    const cause = checkRecord(note)
    if (cause !== undefined) return yield { offset: offset + at, code: 'checkpoint-log-record', cause }
    yield { note: note.toString('utf8'), offset: offset + at }
    at = end
  }
}

// The first byte after the record that begins at `from`, or where it breaks off.
function findEnd(bytes: Buffer, from: number): number | TornRecord['reason'] {
  const text = bytes.indexOf('\n\n', from)
  if (text === -1) return 'cut-in-text'
  // From the second newline on: no crash leaves a third one there, so it is checkRecord's to refuse.
  const signatures = bytes.indexOf('\n\n', text + 1)
  return signatures === -1 ? 'cut-in-signatures' : signatures + 2
}
