// Proofs from stored tree nodes. Nothing here is trusted: a proof of altered nodes does not check.

import type { Hash } from '../../crypto/sha256.ts'
import { parseEntry } from '../../formats/entry.ts'
import { buildConsistency, checkConsistency, planConsistency } from '../../merkle/consistency.ts'
import { planFrontier, rootOfFrontier } from '../../merkle/growth.ts'
import type { TreeHead } from '../../merkle/head.ts'
import { buildInclusion, planInclusion } from '../../merkle/inclusion.ts'
import type { NodeId } from '../../merkle/node.ts'
import type { NodePlan } from '../../merkle/plan.ts'
import type { KeyEntry } from '../../verify/entries.ts'
import type { ProvenEntry } from '../../verify/proven.ts'
import { blobColumn, integerColumn, type SqliteDatabase, type SqlValue } from './database.ts'
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
  const frontier = planFrontier(size)
  const nodes = tryRead(() => readNodes(db, ledgerNo, frontier))
  if ('problem' in nodes) return undefined
  const other = { size, root: rootOfFrontier({ size, nodes: nodes.value }) }
  const [from, to] = size < head.size ? [other, head] : [head, other]
  const plan = planConsistency(from.size, to.size)
  const read = readPlan(db, ledgerNo, plan)
  if (read === undefined) return undefined
  return checkConsistency({ proof: buildConsistency(plan, read), from, to }) === undefined ? other.root : undefined
}

function readPlan(db: SqliteDatabase, ledgerNo: number, plan: NodePlan): ((id: NodeId) => Hash) | undefined {
  const ids = plan.flat()
  const read = tryRead(() => readNodes(db, ledgerNo, ids))
  if ('problem' in read) return undefined
  const nodes = new Map(ids.map((id, i) => [nodeName(id), read.value[i]]))
  return (id) => nodes.get(nodeName(id)) ?? new Uint8Array()
}

function nodeName({ level, index }: NodeId): string {
  return `${level}/${index}`
}

/** An entry as stored. */
export interface StoredBytes {
  readonly seq: number
  readonly bytes: Uint8Array
}

export function readConversation(db: SqliteDatabase, ledgerNo: number, conversation_id: string): StoredBytes[] {
  return readBytes(db, 'conversation_id = ?', ledgerNo, conversation_id)
}

/** Entry 0 and each announcement of a key: what names the keys of the log. */
export function readKeyEntries(db: SqliteDatabase, ledgerNo: number): StoredBytes[] {
  return [...readBytes(db, 'seq = ?', ledgerNo, 0), ...readBytes(db, 'action = ?', ledgerNo, 'key_rotated')]
}

function readBytes(db: SqliteDatabase, condition: string, ledgerNo: number, value: SqlValue): StoredBytes[] {
  return db
    .prepare(`SELECT seq, entry FROM entries WHERE ledger_no = ? AND ${condition} AND seq >= 0 ORDER BY seq`)
    .all(ledgerNo, value)
    .map((row) => ({ seq: integerColumn(row, 'seq'), bytes: blobColumn(row, 'entry') }))
}

/** What a key entry names; nothing where its bytes are no entry. */
export function keyEntryOf({ seq, bytes }: StoredBytes): KeyEntry[] {
  const parsed = parseEntry(bytes)
  return 'fault' in parsed ? [] : [{ seq, action: parsed.entry.action, details: parsed.entry.details ?? {} }]
}
