// The keys of a ledger for somebody who pinned an old one: the entries that name keys, and the checkpoints in which the
// old key vouches for the new one.

import { utf8 } from '../bytes/text.ts'
import { openCheckpoint } from '../formats/checkpoint.ts'
import { encodeCheckpointRecord } from '../formats/checkpoint-log.ts'
import type { ExportCover } from '../formats/export.ts'
import { parseCheckpointKeyChange } from '../formats/key-rotation.ts'
import { sameVerifierKey, type VerifierKey } from '../formats/verifier-key.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { recordOf } from '../ledger/read.ts'
import type { StoredEntry } from '../ledger/store.ts'
import type { FolderDraft } from './build-folder.ts'
import { lineOf } from './export-entries.ts'

/** Writes `keys.jsonl` and, where keys were replaced, `rotations.log`. */
export async function writeKeyHistory(
  ledger: Ledger,
  folder: FolderDraft,
  size: number,
): Promise<ExportCover['files']> {
  const keys = await folder.create('keys.jsonl')
  const sworn: string[] = []
  for await (const entry of keyEntries(ledger, size)) {
    await keys.append(lineOf(entry))
    const note = await swornBelow(ledger, entry, size)
    // An announcement that was made twice is sworn to once.
    if (note !== undefined && !sworn.includes(note)) sworn.push(note)
  }
  const files = { 'keys.jsonl': await keys.close() }
  if (sworn.length === 0) return files
  const records = sworn.map(encodeCheckpointRecord).join('')
  return { ...files, 'rotations.log': await folder.write('rotations.log', utf8(records)) }
}

async function* keyEntries(ledger: Ledger, size: number): AsyncGenerator<StoredEntry> {
  yield* ledger.entries({ from_seq: 0, until_seq: 1 })
  for await (const entry of ledger.entries({ action: 'key_rotated', until_seq: size })) {
    if (announcedKeys(entry) !== undefined) yield entry
  }
}

// The first checkpoint above an announcement that both keys have signed; none while the change is under way.
async function swornBelow(ledger: Ledger, announcement: StoredEntry, size: number): Promise<string | undefined> {
  const pair = announcedKeys(announcement)
  if (pair === undefined) return undefined
  for await (const checkpoint of ledger.checkpoints(announcement.seq)) {
    if (checkpoint.size > size) return undefined
    if (isSignedByAll(checkpoint.note, pair)) return checkpoint.note
  }
  return undefined
}

function announcedKeys(entry: StoredEntry): readonly VerifierKey[] | undefined {
  const { action, details } = recordOf(entry)
  const change = action === 'key_rotated' ? parseCheckpointKeyChange(details ?? {}) : undefined
  return change === undefined ? undefined : [change.oldKey, change.newKey]
}

function isSignedByAll(note: string, keys: readonly VerifierKey[]): boolean {
  const opened = openCheckpoint(utf8(note), keys)
  if ('code' in opened) return false
  return keys.every((key) => opened.verified.some((line) => sameVerifierKey(line.key, key)))
}
