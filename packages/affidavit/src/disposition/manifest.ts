// The manifest of a disposition: every record that goes, by its place and its leaf hash, and why it may (spec/disposition.md §2). It
// stays, and tells what stood where a stub stands.

import { concatBytes } from '../bytes/compare.ts'
import type { JsonValue } from '../bytes/json.ts'
import { utf8 } from '../bytes/text.ts'
import { sha256Hex } from '../crypto/sha256.ts'
import { formatPaper, type PaperFault, type PaperFormat, parsePaper } from '../papers/paper.ts'
import {
  ascending,
  byMembers,
  count,
  hash,
  isMembers,
  label,
  object,
  type Rule,
  time,
  uuid,
  word,
} from '../papers/rules.ts'

export interface Manifest {
  /** The origin of the ledger: NAME/INCARNATION. */
  readonly ledger: string
  /** Of the plan that it belongs to. */
  readonly plan_id: string
  /** Ascending by seq. */
  readonly records: readonly ListedRecord[]
}

export interface ListedRecord {
  readonly seq: number
  /** The leaf hash: 64 lower-case hex digits. */
  readonly integrity_hash: string
  readonly id: string
  readonly recorded_at: string
  readonly conversation_id?: string
  readonly conversation_seq?: number
  readonly retention_class: string
  /** Since when it may be destroyed. */
  readonly due_since: string
  /** Ids of the retention policies that apply to it, ascending. */
  readonly policies: readonly string[]
}

export const MAX_LISTED_RECORDS = 50_000

export const MAX_MANIFEST_BYTES: number = 2 ** 25

const MEMBERS = {
  seq: count,
  integrity_hash: hash,
  id: label,
  recorded_at: time,
  retention_class: word,
  due_since: time,
  policies: ascending(label, 1, 64),
}
const ALONE = object(MEMBERS)
const IN_CONVERSATION = object({ ...MEMBERS, conversation_id: label, conversation_seq: count })
const record: Rule = (value, path) => (isInConversation(value) ? IN_CONVERSATION : ALONE)(value, path)

function isInConversation(value: JsonValue): boolean {
  return isMembers(value) && (value.conversation_id !== undefined || value.conversation_seq !== undefined)
}

const MANIFEST: PaperFormat<Manifest> = {
  kind: 'disposition-manifest',
  maxBytes: MAX_MANIFEST_BYTES,
  members: {
    ledger: label,
    plan_id: uuid,
    records: ascending(record, 1, MAX_LISTED_RECORDS, byMembers('seq')),
  },
  contradiction: () => undefined,
}

/** Reads a manifest. Strict: formatManifest gives the same bytes again. */
export function parseManifest(bytes: Uint8Array): Manifest | PaperFault {
  return parsePaper(bytes, MANIFEST)
}

/**
 * The bytes of a manifest.
 * @throws RangeError where parseManifest would not give back the same manifest
 */
export function formatManifest(manifest: Manifest): Uint8Array {
  return formatPaper(manifest, MANIFEST)
}

export interface ManifestRoom {
  /** Whether there is room for another record; once there was none, there is none. */
  takes(record: ListedRecord): boolean
}

/** What one manifest has room for: a record can have more bytes than MAX_MANIFEST_BYTES leaves each of MAX_LISTED_RECORDS. */
export function manifestRoom(): ManifestRoom {
  let [bytes, records] = [MAX_MANIFEST_BYTES - BYTES_BESIDE, MAX_LISTED_RECORDS]
  return {
    takes(record) {
      bytes -= utf8(JSON.stringify(record)).length + 1
      records--
      return bytes >= 0 && records >= 0
    },
  }
}

/** More than the other members take. */
const BYTES_BESIDE = 4096

/** What plan, records and stubs name a manifest by: 64 lower-case hex digits, over its bytes. */
export function manifestDigest(bytes: Uint8Array): string {
  return sha256Hex(concatBytes(utf8('affidavit disposition manifest v1\n'), bytes))
}
