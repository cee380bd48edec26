// Which records erase content, as the entries tell it (spec/verification.md §7): by its subjects or its conversation, or by a link
// of the content to a subject of the erasure.

import { parseEntry } from '../../formats/entry.ts'
import type { AuditRecord, ContentReference } from '../../formats/fields.ts'
import { faultOf } from '../../links/about.ts'
import { factsOf, type Placed } from '../../links/facts.ts'
import { contentsReached } from '../../links/reached.ts'
import { standingLinks } from '../../links/standing.ts'
import type { ErasureRecord, NamedContent } from '../../verify/content.ts'
import { column, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { PAGE, statement } from './rows.ts'
import { tryRead } from './unreadable.ts'

export interface ErasedContents {
  /** The newest record that erases this content, of a decision behind the entry. */
  behind(named: NamedContent): ErasureRecord | undefined
}

interface ErasureSource {
  readonly ledgerNo: number
  /** Records from this seq on are not verified, and say nothing. */
  readonly size: number
}

interface Erased extends ErasureRecord {
  readonly ledgerNo: number
  /** Of the decision. What was recorded behind it lies under other keys, whenever the outcome came. */
  readonly decided: number
}

/** Reads what is recorded of erasures, and of links, once. */
export function erasedContents(db: SqliteDatabase, { ledgerNo, size }: ErasureSource): ErasedContents {
  const byOwner = new Map<string, Erased>()
  const byPayload = new Map<string, Erased>()
  let facts: readonly Placed[] | undefined
  for (const { no, origin } of ledgersFrom(db, ledgerNo)) {
    const until = no === ledgerNo ? size : Number.MAX_SAFE_INTEGER
    for (const told of toldErasures(db, no, until)) {
      const erased = { ledger: origin, ledgerNo: no, seq: told.seq, phase: told.phase, decided: told.decided }
      for (const subject of told.subjects) byOwner.set(subjectName(subject), erased)
      for (const conversation of told.conversations) byOwner.set(conversationName(conversation), erased)
      // Links are about records of their own ledger.
      if (no !== ledgerNo) continue
      facts ??= readLinks(db, no, size)
      for (const [blob_id, link] of linkedPayloads(db, no, facts, told)) byPayload.set(blob_id, { ...erased, link })
    }
  }
  return {
    behind({ place: { seq }, conversation, reference }) {
      const owners = ownersOf(reference, conversation).flatMap((owner) => byOwner.get(owner) ?? [])
      return newestBehind(
        [...owners, byPayload.get(reference.blob_id)].filter((one) => one !== undefined),
        seq,
        ledgerNo,
      )
    },
  }
}

// Content about persons is erased with one of them; content about nobody with its conversation (spec/sealing.md §1).
function ownersOf({ subject_ids }: ContentReference, conversation: string): readonly string[] {
  return subject_ids.length > 0 ? subject_ids.map(subjectName) : [conversationName(conversation)]
}

const subjectName = (subject: string): string => `subject ${subject}`
const conversationName = (conversation: string): string => `conversation ${conversation}`

/** The ledger, and those that came after it. */
function ledgersFrom(
  db: SqliteDatabase,
  ledgerNo: number,
): readonly { readonly no: number; readonly origin: string }[] {
  const read = tryRead(() =>
    db
      .prepare('SELECT ledger_no, origin FROM ledgers WHERE ledger_no >= ? ORDER BY ledger_no')
      .all(ledgerNo)
      .map((row) => ({ no: integerColumn(row, 'ledger_no'), origin: textColumn(row, 'origin') })),
  )
  return 'value' in read ? read.value : []
}

interface Told extends Pick<ErasureRecord, 'seq' | 'phase'> {
  /** Of the decision: links from there on do not count. */
  readonly decided: number
  readonly subjects: readonly string[]
  readonly conversations: readonly string[]
}

function* toldErasures(db: SqliteDatabase, ledgerNo: number, until: number): Generator<Told> {
  for (const { seq, entry } of recordsOf(db, ledgerNo, 'content_erased', until)) {
    const told = toldIn(seq, entry)
    if (told !== undefined) yield told
  }
}

// Only the ledger itself records erasures; of another phase this release knows nothing.
function toldIn(seq: number, { details }: Entry): Told | undefined {
  const phase = PHASES.find((one) => one === details?.phase)
  if (phase === undefined) return undefined
  const { decision_seq } = details ?? {}
  const decided = phase !== 'decided' && typeof decision_seq === 'number' ? Math.min(decision_seq, seq) : seq
  return { seq, phase, decided, subjects: texts(details?.subjects), conversations: texts(details?.conversations) }
}

const PHASES = ['decided', 'erasing', 'erased'] as const

function texts(list: unknown): readonly string[] {
  return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
}

/** Links of content and what takes them back, below `until`. */
function readLinks(db: SqliteDatabase, ledgerNo: number, until: number): readonly Placed[] {
  const records: AuditRecord[] = []
  for (const action of ['content_linked', 'subject_unlinked']) {
    for (const { entry } of recordsOf(db, ledgerNo, action, until)) records.push({ ...entry, integrity_hash: '' })
  }
  return factsOf(records).facts
}

/** The payloads that links which stood at the decision say are about its subjects, each with the seq of a link. */
function* linkedPayloads(
  db: SqliteDatabase,
  ledgerNo: number,
  facts: readonly Placed[],
  { decided, subjects }: Told,
): Generator<readonly [blob_id: string, link: number]> {
  const wanted = new Set(subjects)
  const entryOf = statement(db, 'SELECT entry FROM entries WHERE ledger_no = ? AND id = ?')
  for (const link of standingLinks(facts.filter(({ seq }) => seq < decided)).content) {
    if (!link.subject_ids.some((subject) => wanted.has(subject))) continue
    const read = tryRead(() => column(entryOf().get(ledgerNo, link.parent_id), 'entry'))
    const record = 'value' in read ? entryIn(read.value) : undefined
    if (record === undefined || faultOf(link, record) !== undefined) continue
    for (const { blob_id } of contentsReached(record, link.content)) yield [blob_id, link.seq]
  }
}

type Entry = Omit<AuditRecord, 'integrity_hash'>

/** The records of an action that can be read, in the order of seq. */
function* recordsOf(
  db: SqliteDatabase,
  ledgerNo: number,
  action: string,
  until: number,
): Generator<{ readonly seq: number; readonly entry: Entry }> {
  const page = statement(
    db,
    `SELECT seq, entry FROM entries INDEXED BY entries_by_action
     WHERE ledger_no = ? AND action = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ${PAGE}`,
  )
  for (let next = 0; ; ) {
    const read = tryRead(() =>
      page()
        .all(ledgerNo, action, next, until)
        .map((row) => ({ seq: integerColumn(row, 'seq'), bytes: column(row, 'entry') })),
    )
    const rows = 'value' in read ? read.value : []
    for (const { seq, bytes } of rows) {
      const entry = entryIn(bytes)
      if (entry?.action === action) yield { seq, entry }
    }
    if (rows.length < PAGE) return
    next = (rows.at(-1)?.seq ?? 0) + 1
  }
}

function entryIn(bytes: unknown): Entry | undefined {
  const parsed = bytes instanceof Uint8Array ? parseEntry(bytes) : undefined
  return parsed === undefined || 'fault' in parsed ? undefined : parsed.entry
}

function newestBehind(erasures: readonly Erased[], seq: number, ledgerNo: number): ErasureRecord | undefined {
  const behind = erasures
    .filter((erased) => erased.ledgerNo > ledgerNo || erased.decided > seq)
    .sort((a, b) => a.ledgerNo - b.ledgerNo || a.seq - b.seq)
    .at(-1)
  if (behind === undefined) return undefined
  const { ledgerNo: _, decided: __, ...record } = behind
  return record
}
