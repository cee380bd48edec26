// Reading what a batch builds on, inside the write transaction: the tip of a ledger, ids that stand, conversation tips.

import { toHex } from '../../bytes/hex.ts'
import { PLAIN_JSON, parseJson } from '../../bytes/json.ts'
import { decodeUtf8 } from '../../bytes/text.ts'
import { HASH_BYTES } from '../../crypto/sha256.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { isDestroyed } from '../../formats/stub.ts'
import { BINDING_ACTIONS } from '../../ledger/binding.ts'
import type { ConversationTip, Standing, Tip } from '../../ledger/sequence.ts'
import type { PreparedDraft } from '../../ledger/store.ts'
import { emptyFrontier, planFrontier } from '../../merkle/growth.ts'
import { blobColumn, integerColumn, type SqliteStatement, textColumn } from './database.ts'
import type { Statements } from './statements.ts'

/** What is known to build on, kept between commits as long as nobody else wrote in between. */
export interface TipCache {
  tip: Tip
  conversations: Map<string, ConversationTip>
}

/** Conversations kept in memory; beyond, the whole cache starts again: it only saves look-ups. */
const MAX_CACHED_CONVERSATIONS = 20_000

/** The tip as the database has it now, from the cache where the last entry is still the one it was. */
export function readTip(statements: Statements, ledgerNo: number, cached: TipCache | undefined): TipCache {
  const size = readSize(statements, ledgerNo)
  if (cached !== undefined && cached.tip.frontier.size === size) {
    if (cached.conversations.size > MAX_CACHED_CONVERSATIONS) cached.conversations.clear()
    return cached
  }
  return {
    tip:
      size === 0
        ? { frontier: emptyFrontier, integrity_hash: '', recorded_at: '' }
        : loadTip(statements, ledgerNo, size),
    conversations: new Map(),
  }
}

export function readSize(statements: Statements, ledgerNo: number): number {
  const row = statements.lastSeq.get(ledgerNo)
  return row === undefined ? 0 : integerColumn(row, 'seq') + 1
}

function loadTip(statements: Statements, ledgerNo: number, size: number): Tip {
  const last = statements.entryAt.get(ledgerNo, size - 1)
  const nodes = planFrontier(size).map((id) => readNode(statements, ledgerNo, id.level, id.index))
  return {
    frontier: { size, nodes },
    integrity_hash: toHex(blobColumn(last, 'nodes').subarray(0, HASH_BYTES)),
    recorded_at: memberOf(blobColumn(last, 'entry'), 'recorded_at'),
  }
}

/** A stored tree node (spec/tree.md): in the row of the entry that completed it, at 32 bytes a level. */
function readNode(statements: Statements, ledgerNo: number, level: number, index: number): Uint8Array {
  const seq = (index + 1) * 2 ** level - 1
  const row = statements.node.get(level * HASH_BYTES + 1, ledgerNo, seq)
  const hash = row === undefined ? undefined : blobColumn(row, 'hash')
  if (hash?.length === HASH_BYTES) return hash
  throw new LedgerError('store-corrupt', {
    problem: `tree node ${index} of level ${level} is missing at seq ${seq}`,
    cure: 'run affidavit verify: it says what was changed',
  })
}

/** The ids of the batch that stand in the ledger already. */
export function readStanding(
  statements: Statements,
  ledgerNo: number,
  drafts: readonly PreparedDraft[],
): Map<string, Standing> {
  const standing = new Map<string, Standing>()
  for (const { id } of drafts) {
    const row = statements.seqOfId.get(ledgerNo, id)
    if (row !== undefined) standing.set(id, standingAt(statements.entryAt, ledgerNo, integerColumn(row, 'seq')))
  }
  return standing
}

function standingAt(entryAt: SqliteStatement, ledgerNo: number, seq: number): Standing {
  const row = entryAt.get(ledgerNo, seq)
  const entry = blobColumn(row, 'entry')
  return {
    seq,
    integrity_hash: toHex(blobColumn(row, 'nodes').subarray(0, HASH_BYTES)),
    draft_commitment: isDestroyed(entry) ? undefined : memberOf(entry, 'draft_commitment'),
    recorded_at: memberOf(entry, 'recorded_at'),
  }
}

/** The fence that the newest record of an erasure names (spec/sealing.md §5); each of them names one. */
export function readFence(statements: Statements, ledgerNo: number): number {
  const row = statements.keyringFence.get(ledgerNo)
  return row === undefined ? 0 : integerColumn(row, 'fence')
}

/** One above the seq of the newest record that can change what may be destroyed, where one of the drafts was judged. */
export function readBound(statements: Statements, ledgerNo: number, drafts: readonly PreparedDraft[]): number {
  if (drafts.every(({ judged_below }) => judged_below === undefined)) return 0
  const rows = BINDING_ACTIONS.map((action) => statements.newestOfAction.get(ledgerNo, action))
  return Math.max(0, ...rows.map((row) => (row === undefined ? 0 : integerColumn(row, 'seq') + 1)))
}

/** Adds the tips of the batch's conversations that the cache does not have. */
export function readConversations(
  statements: Statements,
  ledgerNo: number,
  drafts: readonly PreparedDraft[],
  known: Map<string, ConversationTip>,
): void {
  for (const { conversation_id } of drafts) {
    if (conversation_id === undefined || known.has(conversation_id)) continue
    const row = statements.conversationTip.get(ledgerNo, conversation_id)
    if (row === undefined) continue
    known.set(conversation_id, {
      conversation_seq: integerColumn(row, 'conversation_seq'),
      integrity_hash: textColumn(row, 'integrity_hash'),
    })
  }
}

function memberOf(entry: Uint8Array, name: string): string {
  const value = parseJson(decodeUtf8(entry) ?? '', PLAIN_JSON)
  const member = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined
  if (typeof member === 'string') return member
  throw new LedgerError('store-corrupt', {
    problem: `a stored entry has no ${name}`,
    cure: 'run affidavit verify: it says what was changed',
  })
}
