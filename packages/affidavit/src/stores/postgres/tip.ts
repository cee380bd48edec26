// What a batch builds on, read behind the lock of the ledger's head: where it ends, ids that stand, tips of conversations.

import { bytesOfHex, toHex } from '../../bytes/hex.ts'
import { PLAIN_JSON, parseJson } from '../../bytes/json.ts'
import { decodeUtf8 } from '../../bytes/text.ts'
import { HASH_BYTES } from '../../crypto/sha256.ts'
import { LedgerError } from '../../errors/ledger-error.ts'
import { isDestroyed } from '../../formats/stub.ts'
import { BINDING_ACTIONS } from '../../ledger/binding.ts'
import type { ConversationTip, Standing, Tip } from '../../ledger/sequence.ts'
import type { PreparedDraft } from '../../ledger/store.ts'
import { emptyFrontier, planFrontier } from '../../merkle/growth.ts'
import { bytesColumn, column, integerColumn, type PgResult, type Statement, textColumn } from './database.ts'

/** Where a ledger ends: kept between commits as long as nobody else wrote in between. */
export interface KnownTip {
  readonly tip: Tip
  /** The fence that the newest record of an erasure names. */
  readonly fence: number
  /** Those that were met while nobody else wrote. */
  readonly conversations: Map<string, ConversationTip>
  /** Commits in a row that found nobody else's before them. */
  readonly undisturbed: number
}

/** Conversations kept in memory; those beyond are met anew. More than can be under way, so that none of these is forgotten. */
const MAX_CONVERSATIONS = 20_000

/** Keeps where conversations stand, those that moved last the longest. */
export function remember(
  conversations: Map<string, ConversationTip>,
  moved: Iterable<readonly [string, ConversationTip]>,
): void {
  for (const [id, tip] of moved) {
    conversations.delete(id)
    conversations.set(id, tip)
  }
  for (const id of conversations.keys()) {
    if (conversations.size <= MAX_CONVERSATIONS) return
    conversations.delete(id)
  }
}

/** Takes the lock of a ledger's head, which the next writer waits for. */
export function lockHead(ledgerNo: number): Statement {
  return {
    name: 'affidavit lock head',
    text: 'SELECT size FROM affidavit.heads WHERE ledger_no = $1 FOR UPDATE',
    values: [ledgerNo],
  }
}

/** As `lockHead`, by the identity of the ledger. */
export function lockHeadOf(ledger: string): Statement {
  return {
    text: 'SELECT h.size FROM affidavit.heads h JOIN affidavit.ledgers l USING (ledger_no) WHERE l.origin = $1 FOR UPDATE OF h',
    values: [ledger],
  }
}

// By its hash too, not only by its size: a server that took over for one that died may have lost what was known, and grown again.
// The hashes of the frontier, largest subtree first: the tree of n has one for each bit of n (spec/tree.md). What is computed is set
// apart, so that the rows of row-level security are found by their index. What is looked up is so in the order of one index alone: a
// plan that was made for an empty ledger serves any.
const TIP = `WITH last AS MATERIALIZED (
    SELECT seq + 1 AS size, entry, substr(nodes, 1, ${HASH_BYTES}) AS hash FROM affidavit.entries
    WHERE ledger_no = $1 ORDER BY seq DESC LIMIT 1),
  places AS MATERIALIZED (
    SELECT level, ((size >> level) << level) - 1 AS at FROM last CROSS JOIN generate_series(0, 52) AS level
    WHERE (size >> level) & 1 = 1 AND (size <> $2 OR hash <> $3))
  SELECT size, entry, hash,
    (SELECT string_agg(substr(f.nodes, level * ${HASH_BYTES} + 1, ${HASH_BYTES}), ''::bytea ORDER BY level DESC)
     FROM places CROSS JOIN LATERAL (SELECT n.seq, n.nodes FROM affidavit.entries n
       WHERE n.ledger_no = $1 AND n.seq >= places.at ORDER BY n.seq LIMIT 1) f WHERE f.seq = places.at) AS frontier,
    (SELECT convert_from(x.entry, 'UTF8')::jsonb #>> '{details,keyring_generation}' FROM affidavit.entries x
     WHERE x.ledger_no = $1 AND x.action BETWEEN 'content_erased' AND 'content_erased'
     ORDER BY x.action DESC, x.seq DESC LIMIT 1) AS fence
  FROM last WHERE size <> $2 OR hash <> $3`

/** The statements whose answers `readTip` takes, in this order; the lock comes first. */
export function tipStatements(
  ledgerNo: number,
  drafts: readonly PreparedDraft[],
  known: KnownTip | undefined,
): Statement[] {
  return [
    lockHead(ledgerNo),
    {
      name: 'affidavit tip',
      text: TIP,
      values: [ledgerNo, known?.tip.frontier.size ?? -1, bytesOfHex(known?.tip.integrity_hash ?? '')],
    },
    // Planned each time: by a plan of when the ledger was small, all of it might be gone through.
    { text: STANDING, values: [ledgerNo, drafts.map(({ id }) => id)] },
    selectConversations(ledgerNo, drafts),
    ...(drafts.every(({ judged_below }) => judged_below === undefined) ? [] : [selectBound(ledgerNo)]),
  ]
}

function selectBound(ledgerNo: number): Statement {
  return { name: 'affidavit bound', text: BOUND, values: [ledgerNo, BINDING_ACTIONS] }
}

/** Where the conversations of drafts stand. */
export function selectConversations(ledgerNo: number, drafts: readonly PreparedDraft[]): Statement {
  return {
    name: 'affidavit conversations',
    text: CONVERSATIONS,
    values: [ledgerNo, [...new Set(drafts.flatMap(({ conversation_id }) => conversation_id ?? []))]],
  }
}

// One look-up for each id, whatever the planner takes the ledger to hold.
const STANDING = `SELECT t.id, t.seq, t.entry, t.nodes FROM unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
    SELECT e.id, e.seq, e.entry, e.nodes FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.id = wanted LIMIT 1) t`
const CONVERSATIONS = `SELECT wanted AS conversation_id, t.conversation_seq, substr(t.nodes, 1, ${HASH_BYTES}) AS hash
  FROM unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
    SELECT c.conversation_seq, c.nodes FROM affidavit.entries c
    WHERE c.ledger_no = $1 AND c.conversation_id = wanted ORDER BY c.conversation_seq DESC LIMIT 1) t`

const BOUND = `SELECT max(t.seq) + 1 AS bound FROM unnest($2::text[]) AS wanted CROSS JOIN LATERAL (
    SELECT b.seq FROM affidavit.entries b WHERE b.ledger_no = $1 AND b.action = wanted ORDER BY b.seq DESC LIMIT 1) t`

export interface ReadTip extends KnownTip {
  /** One above the seq of the newest record that can change what may be destroyed; 0 where no draft was judged. */
  readonly bound: number
  readonly standing: ReadonlyMap<string, Standing>
  /** Those of the batch, where they were read; else the others tell. */
  readonly met?: ReadonlyMap<string, ConversationTip>
}

/**
 * What the answers to `tipStatements` say.
 * @throws LedgerError `store-corrupt`
 */
export function readTip(answers: readonly PgResult[], known: KnownTip | undefined): ReadTip {
  const [head, tip, standing, conversations, bound] = answers.map(({ rows }) => rows)
  const size = integerColumn(head?.[0], 'size')
  const row = tip?.[0]
  // No row: the ledger ends where it did, or has no entry yet.
  const isUnmoved = row === undefined && known?.tip.frontier.size === size
  const start = isUnmoved ? known : { tip: tipOf(row, size), fence: row === undefined ? 0 : fenceOf(row) }
  return {
    tip: start.tip,
    fence: start.fence,
    undisturbed: isUnmoved ? known.undisturbed + 1 : 0,
    conversations: isUnmoved ? known.conversations : new Map(),
    standing: new Map(standing?.map((found) => [textColumn(found, 'id'), standingOf(found)])),
    met: new Map(metConversations(conversations ?? [])),
    bound: boundOf(bound?.[0]),
  }
}

/** The answer to `selectConversations`. */
export function metConversations(rows: readonly unknown[]): (readonly [string, ConversationTip])[] {
  return rows.map((found) => [textColumn(found, 'conversation_id'), conversationOf(found)])
}

function conversationOf(row: unknown): ConversationTip {
  return {
    conversation_seq: integerColumn(row, 'conversation_seq'),
    integrity_hash: toHex(bytesColumn(row, 'hash')),
  }
}

function tipOf(row: unknown, size: number): Tip {
  if (row === undefined && size === 0) return { frontier: emptyFrontier, integrity_hash: '', recorded_at: '' }
  const frontier = column(row, 'frontier')
  const nodes = frontier instanceof Uint8Array ? hashesIn(frontier) : []
  const wanted = planFrontier(size).length
  if (row === undefined || integerColumn(row, 'size') !== size || nodes.length !== wanted) {
    throw new LedgerError('store-corrupt', {
      problem: `the head says ${size} entries, and their tree cannot be read: ${nodes.length} of ${wanted} hashes`,
      cure: 'run affidavit verify: it says what was changed',
    })
  }
  return {
    frontier: { size, nodes },
    integrity_hash: toHex(bytesColumn(row, 'hash')),
    recorded_at: memberOf(bytesColumn(row, 'entry'), 'recorded_at'),
  }
}

function hashesIn(bytes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / HASH_BYTES) }, (_, i) =>
    bytes.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES),
  )
}

function boundOf(row: unknown): number {
  return row === undefined || column(row, 'bound') === null ? 0 : integerColumn(row, 'bound')
}

function fenceOf(row: unknown): number {
  const fence = Number(column(row, 'fence') ?? 0)
  return Number.isSafeInteger(fence) ? fence : 0
}

function standingOf(row: unknown): Standing {
  const entry = bytesColumn(row, 'entry')
  return {
    seq: integerColumn(row, 'seq'),
    integrity_hash: toHex(bytesColumn(row, 'nodes').subarray(0, HASH_BYTES)),
    draft_commitment: isDestroyed(entry) ? undefined : memberOf(entry, 'draft_commitment'),
    recorded_at: memberOf(entry, 'recorded_at'),
  }
}

/** @throws LedgerError `store-corrupt` where the entry has no such text */
export function memberOf(entry: Uint8Array, name: string): string {
  const value = parseJson(decodeUtf8(entry) ?? '', PLAIN_JSON)
  const member = typeof value === 'object' && value !== null && !Array.isArray(value) ? value[name] : undefined
  if (typeof member === 'string') return member
  throw new LedgerError('store-corrupt', {
    problem: `a stored entry has no ${name}`,
    cure: 'run affidavit verify: it says what was changed',
  })
}
