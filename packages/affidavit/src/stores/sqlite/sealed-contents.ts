// The sealed content of a ledger for whoever opens it (verify/content.ts): what entries name, in the order of seq, and what is
// stored for it. What cannot be read is passed over: verifying without keys says what is wrong with it.

import { parseEntry } from '../../formats/entry.ts'
import type { NamedContent, SealedContents } from '../../verify/content.ts'
import { column, integerColumn, type SqliteDatabase } from './database.ts'
import { type ErasedContents, erasedContents } from './erased-contents.ts'
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
  let erasures: ErasedContents | undefined
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
    erasureBehind(named) {
      erasures ??= erasedContents(db, source)
      return erasures.behind(named)
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
