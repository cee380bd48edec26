// Verifying one stretch of a stored log, page by page: what the entries of a page need to be judged is asked for at once, then
// they are judged one after another.

import { toHex } from '../../bytes/hex.ts'
import type { ContentReference } from '../../formats/fields.ts'
import type { Skimmed } from '../../formats/skim-entry.ts'
import { isStub, type Stub } from '../../formats/stub.ts'
import {
  type ChunkResult,
  type ChunkTask,
  createChunkVerifier,
  placeOf,
  type ReadRow,
  readRow,
  type StoredRow,
} from '../chunk.ts'
import type { ContentReading, ContentTally } from '../content.ts'
import { type ConversationPlace, hashOf, type Lookback, type ReadEntry } from '../entries.ts'
import { type Finding, finding } from '../finding.ts'
import { columnsProblem } from './columns.ts'
import { createListCheck } from './listed.ts'
import { createContentCheck, firstNaming, type Naming } from './payloads.ts'
import type { StoredLog, StretchPage } from './stored-log.ts'

/** A stretch, and what was looked at of its sealed content. */
export interface VerifiedStretch {
  readonly result: ChunkResult
  readonly content: ContentTally
}

export async function verifyStretch(
  log: StoredLog,
  chunk: ChunkTask,
  payloadBytes: ContentReading,
): Promise<VerifiedStretch> {
  const beside = createBesideChecks(log, chunk, payloadBytes)
  let lookback: Lookback = () => undefined
  const verifier = createChunkVerifier(chunk, (...place) => lookback(...place), beside.check)
  for await (const page of log.stretch(chunk)) {
    const rows = page.rows.map(readRow)
    lookback = await lookUp(log, verifier.lookups(rows))
    await beside.take(page, rows)
    for (const row of rows) verifier.push(row)
  }
  return { result: verifier.end(), content: beside.tally() }
}

// A place that cannot be read gives no entry, which is a finding.
async function lookUp(log: StoredLog, places: readonly ConversationPlace[]): Promise<Lookback> {
  const entries = places.length === 0 ? [] : await log.entriesAt(places)
  const left = entries.flatMap((entry) => (entry !== undefined && isStub(entry.bytes) ? [entry.seq] : []))
  const leaves = left.length === 0 ? [] : await log.nodes(left.map((index) => ({ level: 0, index })))
  const stored = new Map(left.map((seq, i) => [seq, leaves[i]]))
  const hashes = new Map(
    places.flatMap((place, i) => {
      const entry = entries[i]
      if (entry === undefined) return []
      const leaf = stored.get(entry.seq)
      return [[nameOf(place), leaf === undefined ? hashOf(entry.bytes) : toHex(leaf)] as const]
    }),
  )
  return (conversation_id, conversation_seq) => hashes.get(nameOf({ conversation_id, conversation_seq }))
}

function nameOf({ conversation_id, conversation_seq }: ConversationPlace): string {
  return `${conversation_seq} ${conversation_id}`
}

interface BesideChecks {
  /** Takes what stands beside the entries of the next page. */
  take(page: StretchPage, rows: readonly ReadRow[]): Promise<void>
  check(row: StoredRow, entry: Skimmed | undefined, read: ReadEntry): readonly Finding[]
  tally(): ContentTally
}

/** Nearly always there is nothing to say, and nothing is made to say it. */
const NOTHING: readonly Finding[] = []
const NO_NAMES: readonly string[] = []
const NO_REFERENCES: readonly ContentReference[] = []

function createBesideChecks(log: StoredLog, chunk: ChunkTask, payloadBytes: ContentReading): BesideChecks {
  const subjects = createListCheck('entry_subjects')
  const uses = createListCheck('payload_uses')
  // A stretch that continues nothing is one of a whole log.
  const isFirst = firstNaming(log, chunk.continues === undefined ? 0 : chunk.from)
  const contents = createContentCheck(log, isFirst, payloadBytes)

  function check(row: StoredRow, entry: Skimmed | undefined, read: ReadEntry): readonly Finding[] {
    if ('left' in read.parsed) return checkLeft(row, read.parsed.left)
    const references = entry?.content ?? NO_REFERENCES
    const payloads = references.length === 0 ? NO_NAMES : [...new Set(references.map(({ blob_id }) => blob_id))]
    const columns = columnsProblem(row, entry)
    const subject = subjects.differs(row.seq, entry?.subject_ids ?? NO_NAMES, entry?.timestamp)
    const use = uses.differs(row.seq, payloads)
    if (columns === undefined && subject === undefined && use === undefined && references.length === 0) return NOTHING
    const place = placeOf(row.seq, entry)
    return [
      ...(columns === undefined ? [] : [finding('columns-altered', place, columns)]),
      ...(subject === undefined ? [] : [finding('subjects-altered', place, subject)]),
      ...(use === undefined ? [] : [finding('payload-uses-altered', place, use)]),
      ...contents.check(place, references, read.stub === undefined ? 'stands' : 'left'),
    ]
  }

  // What is listed for an archived entry is as it was; nobody can tell without its bytes.
  function checkLeft(row: StoredRow, stub: Stub | undefined): readonly Finding[] {
    const place = stub === undefined ? { seq: row.seq } : { seq: row.seq, id: stub.id }
    const columns = columnsProblem(row, undefined)
    const isGone = stub?.mark.state === 'disposed'
    const subject = isGone ? subjects.differs(row.seq, NO_NAMES) : subjects.skip(row.seq)
    const use = isGone ? uses.differs(row.seq, NO_NAMES) : uses.skip(row.seq)
    return [
      ...(columns === undefined ? [] : [finding('columns-altered', place, columns)]),
      ...(subject === undefined ? [] : [finding('subjects-altered', place, subject)]),
      ...(use === undefined ? [] : [finding('payload-uses-altered', place, use)]),
    ]
  }

  return {
    async take(page, rows) {
      subjects.take(page.subjects)
      uses.take(page.uses)
      await contents.look(rows.flatMap(namingsOf))
    },
    check,
    tally: contents.tally,
  }
}

function namingsOf({ row: { seq }, read }: ReadRow): Naming[] {
  const references = read !== undefined && 'entry' in read.parsed ? read.parsed.entry.content : undefined
  return references === undefined ? [] : [{ seq, references, entry: read?.stub === undefined ? 'stands' : 'left' }]
}
