// The sealed content of a ledger for whoever opens it (verify/content.ts): what entries name, in the order of seq, and what is
// stored for it. What cannot be read is passed over: verifying without keys says what is wrong with it.

import { parseEntry } from '../../formats/entry.ts'
import type { ErasureRecord, NamedContent, SealedContents } from '../../verify/content.ts'
import { column, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { PAGE, statement } from './rows.ts'
import { sealedReading } from './sealed-reading.ts'
import type { StoredBytes } from './stored-proofs.ts'
import { tryRead } from './unreadable.ts'
import type { IsFirst } from './verify-payloads.ts'

export interface ContentSource {
  /** The origin. */
  readonly ledger: string
  readonly ledgerNo: number
  /** The entries whose content it is, in the order of seq. */
  entries(): Iterable<StoredBytes>
  readonly isFirst: IsFirst
  /** Records from this seq on are not verified, and say nothing. */
  readonly size: number
}

export function sealedContents(db: SqliteDatabase, source: ContentSource): SealedContents {
  const { ledger, ledgerNo, entries, isFirst } = source
  const sealed = sealedReading(db, ledgerNo)
  let erasures: ReadonlyMap<string, Erased> | undefined
  return {
    ledger,
    *named() {
      for (const entry of entries()) yield* namedBy(entry, isFirst)
    },
    contentKey(blob_id) {
      const head = tryRead(() => sealed.head(blob_id))
      return 'value' in head ? head.value?.content_key : undefined
    },
    *stored(reference) {
      const chunks = sealed.chunks(reference)
      for (;;) {
        const next = tryRead(() => chunks.next())
        if ('problem' in next || next.value.done === true || next.value.value === undefined) return
        yield next.value.value
      }
    },
    erasureBehind({ place, conversation, reference }) {
      erasures ??= readErasures(db, source)
      return newest(erasures, place.seq, ownersOf(reference.subject_ids, conversation), ledgerNo)
    },
  }
}

function* namedBy({ seq, bytes }: StoredBytes, isFirst: IsFirst): Generator<NamedContent> {
  const parsed = parseEntry(bytes)
  if ('fault' in parsed) return
  const { id, conversation_id: conversation = '', content = [] } = parsed.entry
  const before = new Set<string>()
  for (const reference of content) {
    const { blob_id } = reference
    const named = !before.has(blob_id) && isFirst(seq, blob_id) ? 'first' : 'again'
    before.add(blob_id)
    yield { place: { seq, id }, conversation, reference, named }
  }
}

/** The entries `from` inclusive to `to` exclusive that are listed as having content. */
export function* entriesWithContent(
  db: SqliteDatabase,
  ledgerNo: number,
  { from, to }: { readonly from: number; readonly to: number },
): Generator<StoredBytes> {
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
    for (const seq of seqs) {
      const stored = tryRead(() => column(entry().get(ledgerNo, seq), 'entry'))
      if ('value' in stored && stored.value instanceof Uint8Array) yield { seq, bytes: stored.value }
    }
    if (seqs.length < PAGE) return
    next = (seqs.at(-1) ?? to) + 1
  }
}

interface Erased extends ErasureRecord {
  readonly ledgerNo: number
}

// Content about persons is erased with one of them; content about nobody with its conversation (spec/sealing.md §1).
function ownersOf(subject_ids: readonly string[], conversation: string): readonly string[] {
  return subject_ids.length > 0 ? subject_ids.map(subjectName) : [conversationName(conversation)]
}

const subjectName = (subject: string): string => `subject ${subject}`
const conversationName = (conversation: string): string => `conversation ${conversation}`

/** The newest record that erases content of each subject and conversation: of the ledger, and of those that came after it. */
function readErasures(db: SqliteDatabase, { ledgerNo, size }: ContentSource): ReadonlyMap<string, Erased> {
  const erased = new Map<string, Erased>()
  const read = tryRead(() =>
    db
      .prepare('SELECT ledger_no, origin FROM ledgers WHERE ledger_no >= ? ORDER BY ledger_no')
      .all(ledgerNo)
      .map((row) => ({ no: integerColumn(row, 'ledger_no'), origin: textColumn(row, 'origin') })),
  )
  for (const { no, origin } of 'value' in read ? read.value : []) {
    for (const { seq, phase, owners } of erasureRecords(db, no, no === ledgerNo ? size : Number.MAX_SAFE_INTEGER)) {
      for (const owner of owners) erased.set(owner, { ledger: origin, ledgerNo: no, seq, phase })
    }
  }
  return erased
}

function* erasureRecords(
  db: SqliteDatabase,
  ledgerNo: number,
  until: number,
): Generator<Told & { readonly seq: number }> {
  const page = statement(
    db,
    `SELECT seq, entry FROM entries INDEXED BY entries_by_action
     WHERE ledger_no = ? AND action = 'content_erased' AND seq >= ? AND seq < ? ORDER BY seq LIMIT ${PAGE}`,
  )
  for (let next = 0; ; ) {
    const read = tryRead(() =>
      page()
        .all(ledgerNo, next, until)
        .map((row) => ({ seq: integerColumn(row, 'seq'), entry: column(row, 'entry') })),
    )
    const rows = 'value' in read ? read.value : []
    for (const { seq, entry } of rows) {
      const told = toldIn(entry)
      if (told !== undefined) yield { seq, ...told }
    }
    if (rows.length < PAGE) return
    next = (rows.at(-1)?.seq ?? 0) + 1
  }
}

type Told = Pick<ErasureRecord, 'phase'> & { readonly owners: readonly string[] }

// Only the ledger itself records erasures; of another phase this release knows nothing.
function toldIn(entry: unknown): Told | undefined {
  const parsed = entry instanceof Uint8Array ? parseEntry(entry) : undefined
  if (parsed === undefined || 'fault' in parsed) return undefined
  const { action, details } = parsed.entry
  const phase = PHASES.find((one) => one === details?.phase)
  if (action !== 'content_erased' || phase === undefined) return undefined
  return {
    phase,
    owners: [...texts(details?.subjects).map(subjectName), ...texts(details?.conversations).map(conversationName)],
  }
}

const PHASES = ['decided', 'erasing', 'erased'] as const

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}

function newest(
  erasures: ReadonlyMap<string, Erased>,
  seq: number,
  owners: readonly string[],
  ledgerNo: number,
): ErasureRecord | undefined {
  const behind = owners
    .flatMap((owner) => erasures.get(owner) ?? [])
    .filter((erased) => erased.ledgerNo > ledgerNo || erased.seq > seq)
    .sort((a, b) => a.ledgerNo - b.ledgerNo || a.seq - b.seq)
    .at(-1)
  return behind === undefined ? undefined : { ledger: behind.ledger, seq: behind.seq, phase: behind.phase }
}
