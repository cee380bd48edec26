// Exports (spec/export.md): entries, tree, keys and a sworn cover in one folder that anybody can verify without us.

import { createHash } from 'node:crypto'

import { labelProblem } from '../bytes/label.ts'
import { utf8 } from '../bytes/text.ts'
import { formatTimestamp, systemClock, type UnixMillis } from '../clock/clock.ts'
import { LedgerError } from '../errors/ledger-error.ts'
import {
  asksForAll,
  COVER_FILE,
  type ExportCover,
  type ExportQuery,
  formatCover,
  STATEMENT_FILE,
  statementText,
} from '../formats/export.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { tilePath, tilesOfTree } from '../merkle/tile.ts'
import { buildFolder, type FolderDraft, type WrittenFile } from './build-folder.ts'
import { type ExportedEntries, writeEntries } from './export-entries.ts'
import { type ExportHead, publishHead, signedBy } from './export-head.ts'
import { writeKeyHistory } from './export-keys.ts'

export interface ExportRequest {
  /** A folder that does not exist yet, or is empty. */
  readonly out: string
  /** Which entries; all where it is empty. */
  readonly filter: EntryFilter
  /** Who asked for it. */
  readonly requester?: string
  readonly reason?: string
  /** IANA name of the time zone that the requester works in. */
  readonly timeZone: string
  /** Entries written so far; of how many, or of how large a ledger, where a filter is given. */
  readonly onProgress?: (done: number, total: number) => void
  /** The clock where left out. */
  readonly now?: UnixMillis
  /** Ends it: nothing is left. */
  readonly signal?: AbortSignal
}

/** Longest reason, in UTF-8 bytes. */
const MAX_REASON_BYTES = 2_000

/**
 * Publishes a checkpoint and exports what it covers. A failed export leaves nothing under the wanted name.
 * @returns the cover
 * @throws LedgerError `invalid-query`, `not-found` (an id that is asked for stands in no record), `export-exists`, `not-exported`, `not-published`, `store-corrupt`; the reason of the signal
 */
export async function exportLedger(ledger: Ledger, request: ExportRequest): Promise<ExportCover> {
  const query = await ledger.recordedFilter(checkRequest(request))
  return buildFolder(request.out, async (folder) => {
    // Taken first: whatever the ledger published before this instant is in the export.
    const exported_at = formatTimestamp(request.now ?? systemClock.now())
    const head = await publishHead(ledger)
    const { onProgress, signal } = request
    const entries = await writeEntries(ledger, folder, { query, size: head.size, onProgress, signal })
    if (asksForAll(query) && entries.count !== head.size) throw incomplete(entries.count, head.size)
    const files = { 'entries.jsonl': entries.file, ...(await writeProof(ledger, folder, head, signal)) }
    const cover = coverOf(ledger.origin, request, { query, exported_at, head, entries, files })
    await writeCover(ledger, folder, head, cover)
    return cover
  })
}

function checkRequest({ filter, requester, reason, timeZone }: ExportRequest): ExportQuery {
  const query: ExportQuery = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  for (const [name, value] of Object.entries(query)) {
    if (typeof value === 'string' && !value.isWellFormed()) throw invalid(name, 'holds a lone surrogate')
  }
  const words = { requester: [requester, 256], reason: [reason, MAX_REASON_BYTES], timeZone: [timeZone, 256] } as const
  for (const [name, [text, limit]] of Object.entries(words)) {
    const problem = text === undefined ? undefined : labelProblem(text, limit)
    if (problem !== undefined) throw invalid(name, problem)
  }
  if (!isTimeZone(timeZone)) throw invalid('timeZone', `${JSON.stringify(timeZone)} is no IANA time zone`)
  return query
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch (error) {
    if (error instanceof RangeError) return false
    throw error
  }
}

function invalid(path: string, problem: string): LedgerError {
  return new LedgerError('invalid-query', { problem: `${path} ${problem}`, path })
}

// What proves the entries: the whole tree, the checkpoint over it, and the keys that lead to its signature.
async function writeProof(
  ledger: Ledger,
  folder: FolderDraft,
  head: ExportHead,
  signal: AbortSignal | undefined,
): Promise<ExportCover['files']> {
  for (const tile of tilesOfTree(head.size)) {
    signal?.throwIfAborted()
    await folder.write(tilePath(tile.level, tile.index, tile.width), await ledger.tile(tile))
  }
  return {
    ...(await writeKeyHistory(ledger, folder, head.size)),
    checkpoint: await folder.write('checkpoint', utf8(head.note)),
    'log.vkey': await folder.write('log.vkey', utf8(`${head.vkey}\n`)),
  }
}

function incomplete(count: number, size: number): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `${count} entries were read where the checkpoint covers ${size}`,
    cure: 'run affidavit verify: it says what is missing',
  })
}

interface Exported {
  readonly query: ExportQuery
  readonly exported_at: string
  readonly head: ExportHead
  readonly entries: ExportedEntries
  readonly files: Readonly<Record<string, WrittenFile>>
}

function coverOf(origin: string, request: ExportRequest, exported: Exported): ExportCover {
  const { query, exported_at, head, entries, files } = exported
  return {
    origin,
    query,
    as_of_seq: head.size - 1,
    tree_size: head.size,
    root_hash: head.root_hash,
    ...(request.requester === undefined ? {} : { requester: request.requester }),
    ...(request.reason === undefined ? {} : { reason: request.reason }),
    time_zone: request.timeZone,
    exported_at,
    count: entries.count,
    ...(entries.destroyed === undefined ? {} : { destroyed: entries.destroyed }),
    ...entries.range,
    files,
  }
}

async function writeCover(ledger: Ledger, folder: FolderDraft, head: ExportHead, cover: ExportCover): Promise<void> {
  const bytes = formatCover(cover)
  await folder.write(COVER_FILE, bytes)
  const coverSha256 = createHash('sha256').update(bytes).digest('hex')
  const note = await ledger.signStatement(statementText({ origin: ledger.origin, coverSha256 }))
  if (!signedBy(note, head.vkey)) {
    throw new LedgerError('not-exported', {
      problem: 'the signing key was replaced while the export was written',
      cure: 'export again',
    })
  }
  await folder.write(STATEMENT_FILE, utf8(note))
}
