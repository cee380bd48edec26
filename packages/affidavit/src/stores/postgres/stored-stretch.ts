// The rows of a stretch as a verifier reads them, page by page, with their query columns and what is listed for them.

import { utf8 } from '../../bytes/text.ts'
import type { LeafText } from '../../merkle/hash.ts'
import type { Row, StoredColumns } from '../../verify/chunk.ts'
import { type Listed, MAX_LISTED, type Stretch, type StretchPage } from '../../verify/stored/stored-log.ts'
import type { Snapshot } from './snapshot.ts'

/** Entries that are read and judged at once: enough to make a round trip cheap, few enough to keep memory flat. */
const PAGE = 1_000

const TEXTS = [
  'id',
  'action',
  'actor_id',
  'conversation_id',
  'parent_id',
  'resource_type',
  'resource_id',
  'timestamp',
  'recorded_at',
] as const
const COLUMNS = TEXTS.map((name) => `e."${name}"`).join(', ')

// As text, which is half as long on its way as bytes are; what is no text is asked for as bytes, row by row.
const AS_TEXT = `SELECT e.seq::text, convert_from(e.entry, 'UTF8'), encode(e.nodes, 'hex'), e.conversation_seq::text, ${COLUMNS}
  FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.seq >= $2 AND e.seq < $3 ORDER BY e.seq LIMIT ${PAGE}`
const AS_BYTES = `SELECT e.seq::text, e.entry, encode(e.nodes, 'hex'), e.conversation_seq::text, ${COLUMNS}
  FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.seq = $2`

/** Every row of the stretch. What cannot be read is named and passed over. */
export async function* readStretch(snapshot: Snapshot, no: number, { from, to }: Stretch): AsyncGenerator<StretchPage> {
  for (let next = from; next < to; ) {
    const read = await snapshot.tryRows(AS_TEXT, [no, next, to])
    const isWhole = !('problem' in read)
    const rows = isWhole ? read.map(rowOf) : await readOneByOne(snapshot, no, next, Math.min(to, next + PAGE))
    const last = isWhole ? rows.at(-1)?.seq : Math.min(to, next + PAGE) - 1
    if (rows.length > 0) yield { rows, ...(await readLists(snapshot, no, next, last ?? next)) }
    if (last === undefined || (isWhole && rows.length < PAGE)) return
    next = last + 1
  }
}

async function readOneByOne(snapshot: Snapshot, no: number, from: number, to: number): Promise<Row[]> {
  const rows: Row[] = []
  for (let seq = from; seq < to; seq++) {
    const read = await snapshot.tryRows(AS_BYTES, [no, seq])
    if ('problem' in read) rows.push({ seq, unreadable: read.problem })
    else rows.push(...read.map(rowOf))
  }
  return rows
}

function rowOf([seq, entry, nodes, conversation_seq, ...texts]: readonly unknown[]): Row {
  const columns: { [name: string]: string | number | null } = {
    conversation_seq: conversation_seq === null ? null : Number(conversation_seq),
  }
  for (const [i, name] of TEXTS.entries()) {
    const text = texts[i]
    columns[name] = typeof text === 'string' ? text : null
  }
  return { seq: Number(seq), entry: entryOf(entry), nodes: String(nodes), columns: columns satisfies StoredColumns }
}

// As leaf text where every byte is ASCII: that spares two copies of each entry.
function entryOf(entry: unknown): Uint8Array | LeafText {
  if (typeof entry === 'string') return IS_ASCII.test(entry) ? `\0${entry}` : utf8(entry)
  return entry instanceof Uint8Array ? entry : new Uint8Array()
}

const IS_ASCII = /^[\x00-\x7f]*$/

async function readLists(
  snapshot: Snapshot,
  no: number,
  from: number,
  last: number,
): Promise<Pick<StretchPage, 'subjects' | 'uses'>> {
  return {
    subjects: await readList(snapshot, 'entry_subjects', 'subject_id', [no, from, last]),
    uses: await readList(snapshot, 'payload_uses', 'blob_id', [no, from, last]),
  }
}

// Of one seq no more than an entry has room for.
async function readList(
  snapshot: Snapshot,
  table: 'entry_subjects' | 'payload_uses',
  name: 'subject_id' | 'blob_id',
  values: readonly number[],
): Promise<Listed[]> {
  const rows = await snapshot.tryRows(
    `SELECT n.seq::text, n.name FROM (SELECT t.seq, t.${name} AS name, row_number() OVER (PARTITION BY t.seq ORDER BY t.${name}) AS no
       FROM affidavit.${table} t WHERE t.ledger_no = $1 AND t.seq >= $2 AND t.seq <= $3) n
     WHERE n.no <= ${MAX_LISTED} ORDER BY n.seq, n.no`,
    values,
  )
  // What cannot be read is missing from the list of its entry.
  return 'problem' in rows ? [] : rows.map(([seq, listed]) => ({ seq: Number(seq), name: utf8(String(listed)) }))
}
