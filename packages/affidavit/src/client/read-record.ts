// A record that a server answers with: it is what its hash says, or no answer.

import { canonicalJson, ENTRY_JSON } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import type { AuditRecord } from '../formats/fields.ts'
import { recordOf } from '../ledger/read.ts'
import { unreadable } from './ask.ts'
import { countIn, isObject } from './members.ts'

/** @throws LedgerError `server-unavailable` for what is no record of this ledger */
export function readRecord(value: unknown, origin: string): AuditRecord {
  if (!isObject(value)) throw unreadable('no record')
  const { integrity_hash, ...fields } = value
  const record = recordIn(entryOf(fields), countIn(value, 'seq'), origin)
  if (record.integrity_hash !== integrity_hash)
    throw unreadable(`a record at seq ${record.seq} that is not what its hash says`)
  return record
}

/** The record of an entry's bytes. @throws LedgerError `server-unavailable` for what is no entry of this ledger */
export function recordIn(entry: Uint8Array, seq: number, origin: string): AuditRecord {
  const record = parsed(entry, seq)
  if (record.ledger !== origin || record.seq !== seq) throw unreadable('a record of another place')
  return record
}

function parsed(entry: Uint8Array, seq: number): AuditRecord {
  try {
    return recordOf({ seq, entry })
  } catch (cause) {
    throw unreadable('no record', cause)
  }
}

// Entries are canonical JSON of their fields (spec/entry.md §1).
function entryOf(fields: object): Uint8Array {
  try {
    return utf8(canonicalJson(fields, ENTRY_JSON))
  } catch (cause) {
    throw unreadable('no record', cause)
  }
}
