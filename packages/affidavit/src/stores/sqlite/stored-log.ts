// The ledgers of a database file as a verifier reads them (verify/stored/stored-log.ts): SQL, and what cannot be read, and no
// judgement but that of SQLite's own structure.

import type { Row } from '../../verify/chunk.ts'
import type { ListedLedger, StoredLedgers, StoredLog, Stretch, StretchPage } from '../../verify/stored/stored-log.ts'
import { integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { listedIn } from './listed-rows.ts'
import { readRows } from './rows.ts'
import { readFewCheckpoints, readKeptCheckpoints } from './stored-checkpoints.ts'
import {
  readConversation,
  readEntriesAt,
  readEntriesOf,
  readEntriesOfAction,
  readEntriesWithContent,
  readEntryAt,
  readStoredNodes,
} from './stored-entries.ts'
import { storedPayloads } from './stored-payloads.ts'
import { checkIndexes, checkStrays } from './structure.ts'

const MAX = Number.MAX_SAFE_INTEGER

export function storedLedgers(db: SqliteDatabase): StoredLedgers {
  return {
    list: async () => readLedgers(db),
    log: (ledger) => storedLog(db, ledger),
    structure: async (part, chosen) => (part === 'indexes' ? checkIndexes(db) : checkStrays(db, chosen)),
  }
}

function readLedgers(db: SqliteDatabase): ListedLedger[] {
  return db
    .prepare(
      `SELECT ledger_no, origin,
         EXISTS (SELECT 1 FROM entries e WHERE e.ledger_no = l.ledger_no) AS begun
       FROM ledgers l WHERE ledger_no BETWEEN 1 AND ${MAX} ORDER BY ledger_no`,
    )
    .all()
    .map((row) => ({
      no: integerColumn(row, 'ledger_no'),
      origin: textColumn(row, 'origin'),
      begun: integerColumn(row, 'begun') === 1,
    }))
}

function storedLog(db: SqliteDatabase, no: number): StoredLog {
  const payloads = storedPayloads(db, no)
  return {
    reach: async () => integerOf(db, 'coalesce(CAST(max(seq) AS INTEGER), -1) + 1', no),
    count: async () => integerOf(db, 'count(*)', no),
    checkpoints: async (from) => readKeptCheckpoints(db, no, from),
    newestCheckpoints: async (few) => readFewCheckpoints(db, no, { from: 0, order: 'descending' }, few),
    checkpointsAbove: async (size, few) => readFewCheckpoints(db, no, { from: size + 1, order: 'ascending' }, few),
    entry: async (seq) => readEntryAt(db, no, seq),
    entriesOf: async (ids) => readEntriesOf(db, no, ids),
    conversation: async (conversation_id) => readConversation(db, no, conversation_id),
    entriesOfAction: (action, below) => later(readEntriesOfAction(db, no, action, below)),
    entriesAt: async (places) => readEntriesAt(db, no, places),
    nodes: async (ids) => readStoredNodes(db, no, ids),
    stretch: (stretch) => later(readStretch(db, no, stretch)),
    entriesWithContent: (stretch) => later(readEntriesWithContent(db, no, stretch)),
    firstNamings: async (from, names) => payloads.firstNamings(from, names),
    payloadHeads: async (blob_ids) => payloads.heads(blob_ids),
    chunks: (reference) => later(payloads.chunks(reference)),
  }
}

function integerOf(db: SqliteDatabase, value: string, no: number): number {
  const sql = `SELECT ${value} AS n FROM entries WHERE ledger_no = ? AND seq BETWEEN 0 AND ${MAX}`
  return integerColumn(db.prepare(sql).get(no), 'n')
}

/** SQLite answers at once; the seam is for stores that do not. */
async function* later<T>(answers: Iterable<T>): AsyncGenerator<T> {
  yield* answers
}

/** The rows of a stretch and what is listed for them. What cannot be read is named and passed over: the rest still counts. */
function* readStretch(db: SqliteDatabase, no: number, stretch: Stretch): Generator<StretchPage> {
  const subjects = listedIn(db, no, stretch, { table: 'entry_subjects', column: 'subject_id' })
  const uses = listedIn(db, no, stretch, { table: 'payload_uses', column: 'blob_id' })
  for (const rows of inPages(readRows(db, no, stretch))) {
    const last = rows.at(-1)?.seq ?? stretch.from
    yield { rows, subjects: subjects(last), uses: uses(last) }
  }
}

/** Look-ups cost nothing here, and what lives as long as a larger page costs memory and a twentieth of the time. */
const JUDGED_AT_ONCE = 128

function* inPages(rows: Iterable<Row>): Generator<readonly Row[]> {
  let page: Row[] = []
  for (const row of rows) {
    page.push(row)
    if (page.length < JUDGED_AT_ONCE) continue
    yield page
    page = []
  }
  if (page.length > 0) yield page
}
