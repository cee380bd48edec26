// Who has read what: found in the sealed results of the records about reading (spec/reading.md §4).

import { JsonFault, type JsonValue, PLAIN_JSON, parseJson } from '../bytes/json.ts'
import { decodeUtf8 } from '../bytes/text.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import type { Action, AuditRecord } from '../formats/fields.ts'
import { isDestroyed } from '../formats/stub.ts'
import type { Keyring } from '../vault/keyring.ts'
import { type OpeningParts, openContent, wholeBody } from './open-content.ts'
import { readPages, recordOf, type SearchOptions } from './read.ts'
import { RESULTS, type SeqRange } from './reader.ts'
import type { EntryFilter, LedgerStore, StoredEntry } from './store.ts'

/** One reading of records that were asked about. */
export interface ReadingFound {
  /** Of the record about the reading. */
  readonly seq: number
  readonly recorded_at: string
  readonly action: Action
  readonly operation: string
  /** Who: the id behind the token, or the token where nobody is behind it any more. */
  readonly reader: string
  readonly reason?: string
  readonly purpose?: string
  /** Which of the records that were asked about were shown; `unknown`: the list of results does not open any more. */
  readonly results: readonly number[] | 'unknown'
}

/** What finding readers takes. */
export interface ReadersParts extends OpeningParts {
  /** As they are stored: what was destroyed, too. */
  readonly rows: Pick<LedgerStore, 'entries'>
  readonly keyring: OpeningParts['keyring'] & Pick<Keyring, 'personalIds'>
  /** Entries that fit, links followed, with the ids of persons as they were handed in. */
  find(filter: EntryFilter, options: SearchOptions): AsyncGenerator<StoredEntry>
}

const READS: readonly Action[] = ['records_viewed', 'content_revealed', 'records_exported', 'pseudonym_resolved']

/** The readings whose results hold a record that fits, in the order of seq. */
export async function readersOf(parts: ReadersParts, filter: EntryFilter): Promise<readonly ReadingFound[]> {
  const { store, rows, ledger, keyring } = parts
  const wanted = new Set<number>()
  for await (const { seq } of parts.find(filter, {})) wanted.add(seq)
  // What was destroyed was read before: of it the row still tells id, place, time and conversation.
  for await (const { seq, entry } of readPages(rows, ledger, filter)) if (isDestroyed(entry)) wanted.add(seq)
  const found: ReadingFound[] = []
  for (const action of READS) {
    for await (const entry of readPages(store, ledger, { action })) {
      const record = recordOf(entry)
      const results = await resultsOf(parts, record)
      const shown = results === 'unknown' ? results : within(wanted, results)
      if (shown.length > 0) found.push(readingOf(record, shown))
    }
  }
  const readers = await keyring.personalIds([...new Set(found.map(({ reader }) => reader))])
  return found
    .map((reading) => ({ ...reading, reader: readers.get(reading.reader) ?? reading.reader }))
    .sort((one, other) => one.seq - other.seq)
}

function readingOf(record: AuditRecord, results: readonly number[] | 'unknown'): ReadingFound {
  const { seq, recorded_at, action, actor_id, outcome_reason, purpose, details } = record
  return {
    seq,
    recorded_at,
    action,
    operation: String(details?.operation ?? action),
    reader: actor_id,
    ...(outcome_reason === undefined ? {} : { reason: outcome_reason }),
    ...(purpose === undefined ? {} : { purpose }),
    results,
  }
}

async function resultsOf(parts: OpeningParts, record: AuditRecord): Promise<readonly SeqRange[] | 'unknown'> {
  // The seqs of an earlier incarnation are of other records.
  if (record.details?.ledger !== undefined) return []
  const reference = record.content?.find(({ name }) => name === RESULTS)
  if (reference === undefined) return []
  try {
    const opened = await openContent(parts, record, reference)
    return opened.state === 'opened' ? rangesIn(await wholeBody(opened.body)) : 'unknown'
  } catch (error) {
    // One list that was damaged must not hide the others.
    if (error instanceof LedgerError && error.code === 'store-corrupt') return 'unknown'
    throw error
  }
}

// Whichever are fewer are gone through.
function within(wanted: ReadonlySet<number>, ranges: readonly SeqRange[]): readonly number[] {
  const shown = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0)
  if (shown > wanted.size) return [...wanted].filter((seq) => ranges.some(([from, to]) => from <= seq && seq <= to))
  return ranges.flatMap(([from, to]) =>
    Array.from({ length: to - from + 1 }, (_, i) => from + i).filter((seq) => wanted.has(seq)),
  )
}

function rangesIn(body: Uint8Array): readonly SeqRange[] | 'unknown' {
  try {
    const ranges = parseJson(decodeUtf8(body) ?? '', PLAIN_JSON)
    return Array.isArray(ranges) && ranges.every(isRange) ? ranges : 'unknown'
  } catch (error) {
    if (error instanceof JsonFault) return 'unknown'
    throw error
  }
}

function isRange(value: JsonValue): value is JsonValue & SeqRange {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [from, to] = value
  return typeof from === 'number' && typeof to === 'number' && from <= to
}
