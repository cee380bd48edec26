// The entries that name the keys of a log, read alone: entry 0, and each announcement of a key.

import { parseEntry } from '../../formats/entry.ts'
import type { KeyEntry } from '../entries.ts'
import { type NamedKeys, namedKeys } from '../trust.ts'
import type { StoredBytes, StoredLog, Unreadable } from './stored-log.ts'

export async function readKeyEntries(log: StoredLog): Promise<readonly StoredBytes[] | Unreadable> {
  const first = await log.entry(0)
  const found = first === undefined ? [] : [first]
  for await (const page of log.entriesOfAction('key_rotated')) {
    if ('unreadable' in page) return page
    found.push(...page)
  }
  return found
}

/** What they name; nothing where the bytes are no entry. */
export function keysNamedBy(entries: readonly StoredBytes[]): NamedKeys {
  return namedKeys(entries.flatMap(keyEntryOf))
}

function keyEntryOf({ seq, bytes }: StoredBytes): KeyEntry[] {
  const parsed = parseEntry(bytes)
  return 'fault' in parsed ? [] : [{ seq, action: parsed.entry.action, details: parsed.entry.details ?? {} }]
}
