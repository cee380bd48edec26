// The rows of a stretch as a verifier reads them, page by page, with their query columns and what is listed for them.

import { utf8 } from '../../bytes/text.ts'
import type { LeafText } from '../../merkle/hash.ts'
import type { Row, StoredColumns } from '../../verify/chunk.ts'
import { type Listed, MAX_LISTED, type Stretch, type StretchPage } from '../../verify/stored/stored-log.ts'
import type { Problem, Rows, Snapshot } from './snapshot.ts'

/** Entries that are read and judged at once: enough to make asking cheap, few enough to keep memory flat. */
const PAGE = 1_024

const COLUMNS = `e.id, e.action, e.actor_id, e.conversation_id, e.parent_id, e.resource_type, e.resource_id, e."timestamp", e.recorded_at`

// As text, which is half as long on its way as bytes are; what is no text is asked for as bytes, row by row.
const AS_TEXT = `SELECT e.seq::text, convert_from(e.entry, 'UTF8'), encode(e.nodes, 'hex'), e.conversation_seq::text, ${COLUMNS}
  FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.seq >= $2 AND e.seq < $3 ORDER BY e.seq LIMIT ${PAGE}`
const AS_BYTES = `SELECT e.seq::text, e.entry, encode(e.nodes, 'hex'), e.conversation_seq::text, ${COLUMNS}
  FROM affidavit.entries e WHERE e.ledger_no = $1 AND e.seq = $2`

/** Every row of the stretch. What cannot be read is named and passed over. The server reads a page while the one before is judged. */
export async function* readStretch(snapshot: Snapshot, no: number, { from, to }: Stretch): AsyncGenerator<StretchPage> {
  const pageAt = (next: number): Promise<StretchPage> => readPage(snapshot, no, next, Math.min(to, next + PAGE))
  let ahead = pageAt(from)
  let listed: Pick<StretchPage, 'subjects' | 'uses'> = { subjects: [], uses: [] }
  for (let next = from + PAGE; ; next += PAGE) {
    const { rows, ...lists } = await ahead
    if (next < to) {
      ahead = pageAt(next)
      // Where it fails, whoever asks for it is told; nobody may.
      ahead.catch(() => undefined)
    }
    listed = { subjects: [...listed.subjects, ...lists.subjects], uses: [...listed.uses, ...lists.uses] }
    if (rows.length > 0) {
      yield { rows, ...listed }
      listed = { subjects: [], uses: [] }
    } else {
      // Listed for entries that are not there: the first is named.
      listed = { subjects: listed.subjects.slice(0, 1), uses: listed.uses.slice(0, 1) }
    }
    if (next >= to) return
  }
}

async function readPage(snapshot: Snapshot, no: number, from: number, to: number): Promise<StretchPage> {
  const [read, subjects, uses] = await snapshot.tryAll([
    { text: AS_TEXT, values: [no, from, to] },
    ...LISTS.map(({ quick }) => ({ text: quick, values: [no, from, to] })),
  ])
  return {
    rows: isRows(read) ? read.map(rowOf) : await readOneByOne(snapshot, no, from, to),
    subjects: await listOf(snapshot, LISTS[0], subjects, [no, from, to]),
    uses: await listOf(snapshot, LISTS[1], uses, [no, from, to]),
  }
}

function isRows(read: Rows | Problem | undefined): read is Rows {
  return read !== undefined && !('problem' in read)
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
  const [id, action, actor_id, conversation_id, parent_id, resource_type, resource_id, timestamp, recorded_at] = texts
  const columns: StoredColumns = {
    id: textOf(id),
    action: textOf(action),
    actor_id: textOf(actor_id),
    conversation_id: textOf(conversation_id),
    conversation_seq: conversation_seq === null ? null : Number(conversation_seq),
    parent_id: textOf(parent_id),
    resource_type: textOf(resource_type),
    resource_id: textOf(resource_id),
    timestamp: textOf(timestamp),
    recorded_at: textOf(recorded_at),
  }
  return { seq: Number(seq), entry: entryOf(entry), nodes: String(nodes), columns }
}

function textOf(column: unknown): string | null {
  return typeof column === 'string' ? column : null
}

// Text of the server is valid UTF-8, and only such text is hashed to what its bytes are.
function entryOf(entry: unknown): Uint8Array | LeafText {
  if (typeof entry === 'string') return `\0${entry}`
  return entry instanceof Uint8Array ? entry : new Uint8Array()
}

interface List {
  /** What entries may have, mostly. */
  readonly quick: string
  /** Of one seq no more than an entry has room for, however many there are. */
  readonly careful: string
}

const LISTS: readonly [subjects: List, uses: List] = [
  listIn('entry_subjects', 'subject_id', '"timestamp"'),
  listIn('payload_uses', 'blob_id', 'NULL'),
]

function listIn(table: string, name: string, time: string): List {
  const of = `FROM affidavit.${table} t WHERE t.ledger_no = $1 AND t.seq >= $2 AND t.seq < $3`
  return {
    quick: `SELECT t.seq::text, t.${name}, ${time} ${of} ORDER BY t.seq LIMIT ${MAX_LISTED}`,
    careful: `SELECT n.seq::text, n.name, n.time FROM (SELECT t.seq, t.${name} AS name, ${time} AS time, row_number() OVER (PARTITION BY t.seq ORDER BY t.${name}) AS no
        ${of}) n WHERE n.no <= ${MAX_LISTED} ORDER BY n.seq, n.no`,
  }
}

async function listOf(
  snapshot: Snapshot,
  { careful }: List,
  read: Rows | Problem | undefined,
  values: readonly number[],
): Promise<Listed[]> {
  const all = isRows(read) && read.length === MAX_LISTED ? await snapshot.tryRows(careful, values) : read
  // What cannot be read is missing from the list of its entry.
  return isRows(all) ? all.map(listedOf) : []
}

function listedOf([seq, name, timestamp]: readonly unknown[]): Listed {
  const listed = { seq: Number(seq), name: utf8(String(name)) }
  return typeof timestamp === 'string' ? { ...listed, timestamp } : listed
}
