// Proofs from stored tree nodes. Nothing here is trusted: a proof of altered nodes does not check.

import type { Hash } from '../../crypto/sha256.ts'
import { parseEntry } from '../../formats/entry.ts'
import { buildConsistency, checkConsistency, planConsistency } from '../../merkle/consistency.ts'
import { type Frontier, planFrontier, rootOfFrontier } from '../../merkle/growth.ts'
import type { TreeHead } from '../../merkle/head.ts'
import { buildInclusion, planInclusion } from '../../merkle/inclusion.ts'
import type { NodeId } from '../../merkle/node.ts'
import type { NodePlan } from '../../merkle/plan.ts'
import type { KeyEntry } from '../../verify/entries.ts'
import type { ProvenEntry } from '../../verify/proven.ts'
import { column, integerColumn, type SqliteDatabase, type SqlValue } from './database.ts'
import { readNodes } from './read.ts'
import { tryRead } from './unreadable.ts'

/** An entry with the proof that stored nodes give of it in the tree of `size`; no proof where they cannot be read. */
export function proveEntry(db: SqliteDatabase, ledgerNo: number, entry: StoredBytes, size: number): ProvenEntry {
  if (entry.seq >= size) return { ...entry, proof: [] }
  const plan = planInclusion(entry.seq, size)
  const read = readPlan(db, ledgerNo, plan)
  return { ...entry, proof: read === undefined ? [] : buildInclusion(plan, read) }
}

/** The root of the first `size` entries, where stored nodes prove that `head` continues it or is continued by it. */
export function provenRoot(db: SqliteDatabase, ledgerNo: number, size: number, head: TreeHead): Hash | undefined {
  if (size === head.size) return head.root
  if (size === 0 || head.size === 0) return undefined
  const frontier = readFrontier(db, ledgerNo, size)
  if (frontier === undefined) return undefined
  const other = { size, root: rootOfFrontier(frontier) }
  const [from, to] = size < head.size ? [other, head] : [head, other]
  const plan = planConsistency(from.size, to.size)
  const read = readPlan(db, ledgerNo, plan)
  if (read === undefined) return undefined
  return checkConsistency({ proof: buildConsistency(plan, read), from, to }) === undefined ? other.root : undefined
}

function readPlan(db: SqliteDatabase, ledgerNo: number, plan: NodePlan): ((id: NodeId) => Hash) | undefined {
  const ids = plan.flat()
  const read = tryReadNodes(db, ledgerNo, ids)
  if (read === undefined) return undefined
  const nodes = new Map(ids.map((id, i) => [nodeName(id), read[i]]))
  return (id) => nodes.get(nodeName(id)) ?? new Uint8Array()
}

function tryReadNodes(db: SqliteDatabase, ledgerNo: number, ids: readonly NodeId[]): readonly Hash[] | undefined {
  const read = tryRead(() => readNodes((sql) => db.prepare(sql), ledgerNo, ids))
  return 'value' in read ? read.value : undefined
}

function nodeName({ level, index }: NodeId): string {
  return `${level}/${index}`
}

/** An entry as stored. */
export interface StoredBytes {
  readonly seq: number
  readonly bytes: Uint8Array
}

export function readEntry(db: SqliteDatabase, ledgerNo: number, seq: number): StoredBytes | undefined {
  return readBytes(db, '', 'seq = ?', ledgerNo, seq)[0]
}

/** The stored frontier of the first `size` entries; `undefined` where nodes of it cannot be read. */
export function readFrontier(db: SqliteDatabase, ledgerNo: number, size: number): Frontier | undefined {
  const read = tryReadNodes(db, ledgerNo, planFrontier(size))
  return read === undefined ? undefined : { size, nodes: read }
}

export function readConversation(db: SqliteDatabase, ledgerNo: number, conversation_id: string): StoredBytes[] {
  return readBytes(db, 'INDEXED BY entries_by_conversation', 'conversation_id = ?', ledgerNo, conversation_id)
}

/** Entry 0 and each announcement of a key: what names the keys of the log. */
export function readKeyEntries(db: SqliteDatabase, ledgerNo: number): StoredBytes[] {
  return [
    ...readBytes(db, '', 'seq = ?', ledgerNo, 0),
    ...readBytes(db, 'INDEXED BY entries_by_action', 'action = ?', ledgerNo, 'key_rotated'),
  ]
}

// By its index: a scan would compute the column of every entry, and stop at one that is no JSON.
function readBytes(
  db: SqliteDatabase,
  indexed: string,
  condition: string,
  ledgerNo: number,
  value: SqlValue,
): StoredBytes[] {
  return db
    .prepare(`SELECT seq, entry FROM entries ${indexed} WHERE ledger_no = ? AND ${condition} AND seq >= 0 ORDER BY seq`)
    .all(ledgerNo, value)
    .map((row) => ({ seq: integerColumn(row, 'seq'), bytes: bytesOf(column(row, 'entry')) }))
}

// What is no bytes was changed: read as nothing, it is not the entry that was signed.
function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}

/** What a key entry names; nothing where its bytes are no entry. */
export function keyEntryOf({ seq, bytes }: StoredBytes): KeyEntry[] {
  const parsed = parseEntry(bytes)
  return 'fault' in parsed ? [] : [{ seq, action: parsed.entry.action, details: parsed.entry.details ?? {} }]
}
