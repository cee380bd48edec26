// The entries and tree nodes of a ledger as a verifier reads them one by one, each by the index that it names: a scan would
// compute the column of every entry, and stop at one that is no JSON.

import { HASH_BYTES, type Hash } from '../../crypto/sha256.ts'
import { locateNode, type NodeId } from '../../merkle/node.ts'
import type { ConversationPlace } from '../../verify/entries.ts'
import type { StoredBytes, Stretch, Unreadable } from '../../verify/stored/stored-log.ts'
import { column, integerColumn, type SqliteDatabase, type SqlValue } from './database.ts'
import { PAGE, statement } from './rows.ts'
import { tryRead } from './unreadable.ts'

export function readEntryAt(db: SqliteDatabase, ledgerNo: number, seq: number): StoredBytes | undefined {
  return readBytes(db, 'FROM entries WHERE ledger_no = ? AND seq = ?', ledgerNo, seq)[0]
}

export function readConversation(db: SqliteDatabase, ledgerNo: number, conversation_id: string): StoredBytes[] {
  const by = 'FROM entries INDEXED BY entries_by_conversation WHERE ledger_no = ? AND conversation_id = ? AND seq >= 0'
  return readBytes(db, `${by} ORDER BY seq`, ledgerNo, conversation_id)
}

export function* readEntriesOfAction(
  db: SqliteDatabase,
  ledgerNo: number,
  action: string,
  below: number | undefined,
): Generator<readonly StoredBytes[] | Unreadable> {
  const by = 'FROM entries INDEXED BY entries_by_action WHERE ledger_no = ? AND action = ? AND seq >= ?'
  const end = below === undefined ? '' : 'AND seq < ?'
  for (let next = 0; ; ) {
    const values = [action, next, ...(below === undefined ? [] : [below])]
    const read = tryRead(() => readBytes(db, `${by} ${end} ORDER BY seq LIMIT ${PAGE}`, ledgerNo, ...values))
    if ('problem' in read) yield { unreadable: read.problem }
    const page = 'value' in read ? read.value : []
    if (page.length > 0) yield page
    if (page.length < PAGE) return
    next = (page.at(-1)?.seq ?? 0) + 1
  }
}

function readBytes(db: SqliteDatabase, from: string, ...values: SqlValue[]): StoredBytes[] {
  return db
    .prepare(`SELECT seq, entry ${from}`)
    .all(...values)
    .map((row) => ({ seq: integerColumn(row, 'seq'), bytes: bytesOf(column(row, 'entry')) }))
}

// What is no bytes was changed: read as nothing, it is not the entry that was signed.
function bytesOf(value: unknown): Uint8Array {
  return value instanceof Uint8Array ? value : new Uint8Array()
}

/** The entries that are listed as having content; what cannot be read is passed over. */
export function* readEntriesWithContent(
  db: SqliteDatabase,
  ledgerNo: number,
  { from, to }: Stretch,
): Generator<readonly StoredBytes[]> {
  const page = statement(
    db,
    `SELECT DISTINCT seq FROM payload_uses WHERE ledger_no = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ${PAGE}`,
  )
  const entry = statement(db, 'SELECT entry FROM entries WHERE ledger_no = ? AND seq = ?')
  for (let next = from; ; ) {
    const read = tryRead(() =>
      page()
        .all(ledgerNo, next, to)
        .map((row) => integerColumn(row, 'seq')),
    )
    const seqs = 'value' in read ? read.value : []
    yield seqs.flatMap((seq) => {
      const bytes = tryReadEntry(() => entry().get(ledgerNo, seq))
      return bytes === undefined ? [] : [{ seq, bytes }]
    })
    if (seqs.length < PAGE) return
    next = (seqs.at(-1) ?? to) + 1
  }
}

/** The bytes at each place; nothing where an index cannot be read, of which structure.ts says what is wrong with it. */
export function readEntriesAt(
  db: SqliteDatabase,
  ledgerNo: number,
  places: readonly ConversationPlace[],
): (StoredBytes | undefined)[] {
  const find = statement(
    db,
    'SELECT seq, entry FROM entries WHERE ledger_no = ? AND conversation_id = ? AND conversation_seq = ?',
  )
  return places.map(({ conversation_id, conversation_seq }) =>
    tryReadPlaced(() => find().get(ledgerNo, conversation_id, conversation_seq)),
  )
}

function tryReadPlaced(get: () => unknown): StoredBytes | undefined {
  const read = tryRead(get)
  const [seq, bytes] = 'value' in read ? [column(read.value, 'seq'), column(read.value, 'entry')] : []
  return typeof seq === 'number' && bytes instanceof Uint8Array ? { seq, bytes } : undefined
}

export function readEntriesOf(
  db: SqliteDatabase,
  ledgerNo: number,
  ids: readonly string[],
): (StoredBytes | undefined)[] {
  const find = statement(db, 'SELECT seq, entry FROM entries WHERE ledger_no = ? AND id = ?')
  return ids.map((id) => tryReadPlaced(() => find().get(ledgerNo, id)))
}

function tryReadEntry(get: () => unknown): Uint8Array | undefined {
  const read = tryRead(() => column(get(), 'entry'))
  return 'value' in read && read.value instanceof Uint8Array ? read.value : undefined
}

/** Stored tree nodes; `undefined` for one that is not there, or cannot be read. */
export function readStoredNodes(db: SqliteDatabase, ledgerNo: number, ids: readonly NodeId[]): (Hash | undefined)[] {
  const node = statement(
    db,
    `SELECT substr(nodes, ?, ${HASH_BYTES}) AS hash FROM entries WHERE ledger_no = ? AND seq = ?`,
  )
  return ids.map((id) => {
    const { seq, offset } = locateNode(id)
    const read = tryRead(() => column(node().get(offset + 1, ledgerNo, seq), 'hash'))
    const hash = 'value' in read ? read.value : undefined
    return hash instanceof Uint8Array && hash.length === HASH_BYTES ? hash : undefined
  })
}
