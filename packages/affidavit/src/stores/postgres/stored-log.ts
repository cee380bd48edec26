// The ledgers of a database as a verifier reads them (verify/stored/stored-log.ts): SQL, and what cannot be read, and no judgement but
// that of the database's own structure.

import { decodeUtf8 } from '../../bytes/text.ts'
import { HASH_BYTES, type Hash } from '../../crypto/sha256.ts'
import { locateNode, type NodeId } from '../../merkle/node.ts'
import type { KeptCheckpoint } from '../../verify/checkpoints.ts'
import type { ConversationPlace } from '../../verify/entries.ts'
import type { Finding } from '../../verify/finding.ts'
import type {
  Few,
  ListedLedger,
  StoredBytes,
  StoredLedgers,
  StoredLog,
  Stretch,
  StructurePart,
  Unreadable,
} from '../../verify/stored/stored-log.ts'
import type { Snapshot } from './snapshot.ts'
import { readChunks, readFirstNamings, readPayloadHeads } from './stored-payloads.ts'
import { readStretch } from './stored-stretch.ts'
import { checkIndexes, checkStrays } from './structure.ts'

export function storedLedgers(snapshot: Snapshot): StoredLedgers {
  return {
    list: () => readLedgers(snapshot),
    log: (ledger) => storedLog(snapshot, ledger),
    structure: (part: StructurePart, chosen): Promise<readonly Finding[]> =>
      part === 'indexes' ? checkIndexes(snapshot) : checkStrays(snapshot, chosen),
  }
}

async function readLedgers(snapshot: Snapshot): Promise<ListedLedger[]> {
  const rows = await snapshot.rows(
    `SELECT l.ledger_no::text, l.origin, EXISTS (SELECT 1 FROM affidavit.entries e WHERE e.ledger_no = l.ledger_no)
     FROM affidavit.ledgers l ORDER BY l.ledger_no`,
  )
  return rows.map(([no, origin, begun]) => ({ no: Number(no), origin: String(origin), begun: begun === true }))
}

function storedLog(snapshot: Snapshot, no: number): StoredLog {
  return {
    reach: () =>
      numberIn(snapshot, 'SELECT (coalesce(max(seq), -1) + 1)::text FROM affidavit.entries WHERE ledger_no = $1', no),
    count: () => numberIn(snapshot, 'SELECT count(*)::text FROM affidavit.entries WHERE ledger_no = $1', no),
    checkpoints: (from) => readCheckpoints(snapshot, no, from),
    newestCheckpoints: (few) => readFew(snapshot, no, { from: 0, order: 'DESC' }, few),
    checkpointsAbove: (size, few) => readFew(snapshot, no, { from: size + 1, order: 'ASC' }, few),
    entry: async (seq) => (await readBytes(snapshot, 'e.ledger_no = $1 AND e.seq = $2', [no, seq]))[0],
    entriesOf: (ids) => readEach(snapshot, no, ids),
    conversation: (conversation_id) =>
      readBytes(snapshot, 'e.ledger_no = $1 AND e.conversation_id = $2 ORDER BY e.seq', [no, conversation_id]),
    entriesOfAction: (action, below = Number.MAX_SAFE_INTEGER) => readEntriesOfAction(snapshot, no, action, below),
    entriesAt: (places) => readEntriesAt(snapshot, no, places),
    nodes: (ids) => readNodes(snapshot, no, ids),
    stretch: (stretch) => readStretch(snapshot, no, stretch),
    entriesWithContent: (stretch) => readEntriesWithContent(snapshot, no, stretch),
    firstNamings: (from, names) => readFirstNamings(snapshot, no, from, names),
    payloadHeads: (blob_ids) => readPayloadHeads(snapshot, no, blob_ids),
    chunks: (reference) => readChunks(snapshot, no, reference),
  }
}

async function numberIn(snapshot: Snapshot, sql: string, no: number): Promise<number> {
  const [row] = await snapshot.rows(sql, [no])
  return Number(row?.[0])
}

async function readCheckpoints(snapshot: Snapshot, no: number, from: number): Promise<KeptCheckpoint[]> {
  const rows = await snapshot.rows(
    `SELECT c.size::text, c.note, ARRAY(SELECT s.line FROM affidavit.cosignatures s
       WHERE s.ledger_no = c.ledger_no AND s.size = c.size ORDER BY s.line_no)
     FROM affidavit.checkpoints c WHERE c.ledger_no = $1 AND c.size >= $2 ORDER BY c.size`,
    [no, from],
  )
  return rows.map(keptOf)
}

/** The largest ones of at least `from`, or the smallest ones: the largest, or the smallest, first. */
async function readFew(
  snapshot: Snapshot,
  no: number,
  { from, order }: { readonly from: number; readonly order: 'ASC' | 'DESC' },
  few: Few,
): Promise<KeptCheckpoint[]> {
  const rows = await snapshot.rows(
    `SELECT c.size::text, c.note, ARRAY(SELECT n.line FROM (SELECT s.line, s.line_no FROM affidavit.cosignatures s
       WHERE s.ledger_no = c.ledger_no AND s.size = c.size ORDER BY s.line_no DESC LIMIT $4) n ORDER BY n.line_no)
     FROM affidavit.checkpoints c WHERE c.ledger_no = $1 AND c.size >= $2 ORDER BY c.size ${order} LIMIT $3`,
    [no, from, few.checkpoints, few.cosignatures],
  )
  return rows.map(keptOf)
}

function keptOf([size, note, lines]: readonly unknown[]): KeptCheckpoint {
  return {
    size: Number(size),
    note: textOf(note),
    cosignatures: Array.isArray(lines) ? lines.map(textOf) : [],
  }
}

// What is no UTF-8 was changed; the verifier says so of the text that it reads as.
function textOf(bytes: unknown): string {
  if (!(bytes instanceof Uint8Array)) return ''
  return decodeUtf8(bytes) ?? Buffer.from(bytes).toString('utf8')
}

/** Entries that are read at once. */
const PAGE = 500

async function readBytes(snapshot: Snapshot, condition: string, values: readonly unknown[]): Promise<StoredBytes[]> {
  return storedBytes(
    await snapshot.rows(`SELECT e.seq::text, e.entry FROM affidavit.entries e WHERE ${condition}`, values),
  )
}

function storedBytes(rows: readonly (readonly unknown[])[]): StoredBytes[] {
  return rows.map(([seq, bytes]) => ({
    seq: Number(seq),
    bytes: bytes instanceof Uint8Array ? bytes : new Uint8Array(),
  }))
}

async function* readEntriesOfAction(
  snapshot: Snapshot,
  no: number,
  action: string,
  below: number,
): AsyncGenerator<readonly StoredBytes[] | Unreadable> {
  for (let next = 0; ; ) {
    const rows = await snapshot.tryRows(
      `SELECT e.seq::text, e.entry FROM affidavit.entries e
       WHERE e.ledger_no = $1 AND e.action = $2 AND e.seq >= $3 AND e.seq < $4 ORDER BY e.seq LIMIT ${PAGE}`,
      [no, action, next, below],
    )
    if ('problem' in rows) {
      yield { unreadable: rows.problem }
      return
    }
    const page = storedBytes(rows)
    if (page.length > 0) yield page
    if (page.length < PAGE) return
    next = (page.at(-1)?.seq ?? 0) + 1
  }
}

async function* readEntriesWithContent(
  snapshot: Snapshot,
  no: number,
  { from, to }: Stretch,
): AsyncGenerator<readonly StoredBytes[]> {
  for (let next = from; ; ) {
    const rows = await snapshot.tryRows(
      `SELECT n.seq::text, e.entry FROM (SELECT DISTINCT u.seq FROM affidavit.payload_uses u
         WHERE u.ledger_no = $1 AND u.seq >= $2 AND u.seq < $3 ORDER BY u.seq LIMIT ${PAGE}) n
       LEFT JOIN affidavit.entries e ON e.ledger_no = $1 AND e.seq = n.seq ORDER BY n.seq`,
      [no, next, to],
    )
    if ('problem' in rows) return
    yield storedBytes(rows.filter(([, entry]) => entry instanceof Uint8Array))
    if (rows.length < PAGE) return
    next = Number(rows.at(-1)?.[0]) + 1
  }
}

function readEach(snapshot: Snapshot, no: number, ids: readonly string[]): Promise<(StoredBytes | undefined)[]> {
  return placedInOrder(
    snapshot,
    ids.length,
    `SELECT w.no::text, t.seq::text, t.entry FROM unnest($2::text[]) WITH ORDINALITY AS w(id, no) CROSS JOIN LATERAL (
       SELECT e.seq, e.entry FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.id = w.id LIMIT 1) t`,
    [no, ids],
  )
}

function readEntriesAt(
  snapshot: Snapshot,
  no: number,
  places: readonly ConversationPlace[],
): Promise<(StoredBytes | undefined)[]> {
  return placedInOrder(
    snapshot,
    places.length,
    `SELECT w.no::text, t.seq::text, t.entry FROM unnest($2::text[], $3::bigint[]) WITH ORDINALITY AS w(id, seq, no) CROSS JOIN LATERAL (
       SELECT e.seq, e.entry FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.conversation_id = w.id AND e.conversation_seq = w.seq LIMIT 1) t`,
    [no, places.map(({ conversation_id }) => conversation_id), places.map((place) => place.conversation_seq)],
  )
}

/** The entry of each number from 1 to `count`; where they cannot be read, none. */
async function placedInOrder(
  snapshot: Snapshot,
  count: number,
  sql: string,
  values: readonly unknown[],
): Promise<(StoredBytes | undefined)[]> {
  const rows = count === 0 ? [] : await snapshot.tryRows(sql, values)
  const found = new Map('problem' in rows ? [] : rows.map(([at, seq, bytes]) => [Number(at), { seq, bytes }] as const))
  return Array.from({ length: count }, (_, i) => {
    const { seq, bytes } = found.get(i + 1) ?? {}
    return bytes instanceof Uint8Array ? { seq: Number(seq), bytes } : undefined
  })
}

async function readNodes(snapshot: Snapshot, no: number, ids: readonly NodeId[]): Promise<(Hash | undefined)[]> {
  const places = ids.map(locateNode)
  const hashes = await bytesInOrder(
    snapshot,
    ids.length,
    `SELECT w.no::text, substr(e.nodes, w.at, ${HASH_BYTES}) FROM unnest($2::bigint[], $3::int[]) WITH ORDINALITY AS w(seq, at, no)
     JOIN affidavit.entries e ON e.ledger_no = $1 AND e.seq = w.seq`,
    [no, places.map(({ seq }) => seq), places.map(({ offset }) => offset + 1)],
  )
  return hashes.map((hash) => (hash?.length === HASH_BYTES ? hash : undefined))
}

/** The bytes of each number from 1 to `count`; where they cannot be read, none. */
async function bytesInOrder(
  snapshot: Snapshot,
  count: number,
  sql: string,
  values: readonly unknown[],
): Promise<(Uint8Array | undefined)[]> {
  const rows = count === 0 ? [] : await snapshot.tryRows(sql, values)
  const found = new Map('problem' in rows ? [] : rows.map(([no, bytes]) => [Number(no), bytes] as const))
  return Array.from({ length: count }, (_, i) => {
    const bytes = found.get(i + 1)
    return bytes instanceof Uint8Array ? bytes : undefined
  })
}
