// Published entries that are not in the archive yet, in the order of seq.

import { decodeUtf8 } from '../bytes/text.ts'
import type { UnixMillis } from '../clock/clock.ts'
import { isStub } from '../formats/stub.ts'
import { pagesAhead } from '../ledger/pages-ahead.ts'
import { recordOf } from '../ledger/read.ts'
import type { ReadRecord } from '../ledger/retention-knowledge.ts'
import type { StoredEntry } from '../ledger/store.ts'
import type { ArchivedSet } from './archived.ts'
import type { Archiving, Due } from './archiving.ts'

export interface Waiting {
  readonly seq: number
  readonly entry: Uint8Array
  readonly record: ReadRecord
  readonly due: Due
}

/** Those below `size` that are to be archived now, page after page; each is read when it is come to. */
export async function* waitingPages(
  parts: Pick<Archiving, 'rows' | 'ledger' | 'dueOf'>,
  archived: ArchivedSet,
  size: number,
): AsyncGenerator<Iterable<Waiting>> {
  const { rows, ledger } = parts
  for await (const page of pagesAhead(rows, ledger, size, archived.until())) yield waitingIn(page, parts, archived)
}

function* waitingIn(
  page: readonly StoredEntry[],
  { dueOf }: Pick<Archiving, 'dueOf'>,
  archived: ArchivedSet,
): Generator<Waiting> {
  for (const stored of page) {
    const { seq, entry } = stored
    if (archived.has(seq)) continue
    if (isStub(entry)) {
      // Destroyed before it was archived: nothing of it waits.
      archived.pass(seq)
      continue
    }
    const record = looseRecord(stored)
    const due = dueOf(record)
    if (due !== undefined) yield { seq, entry, record, due }
  }
}

/** What is worth a run: nothing younger than `millis`, unless so many `bytes` of entries wait. */
export interface Gathering {
  readonly now: UnixMillis
  readonly millis: number
  readonly bytes: number
}

/** Whether anything waits but what the archiver itself put on record: that alone is no reason to archive. @param gathering none: whatever waits is one */
export async function anythingWaits(
  parts: Pick<Archiving, 'rows' | 'ledger' | 'dueOf'>,
  archived: ArchivedSet,
  size: number,
  gathering?: Gathering,
): Promise<boolean> {
  let bytes = 0
  for await (const page of waitingPages(parts, archived, size)) {
    for (const { entry, record } of page) {
      if (record.action === 'records_archived') continue
      bytes += entry.length
      if (gathering === undefined || bytes >= gathering.bytes) return true
      if (Date.parse(record.recorded_at) <= gathering.now - gathering.millis) return true
    }
  }
  return false
}

// Strictly read where it was admitted; that these are its bytes is found by the root that they lead to.
function looseRecord(stored: StoredEntry): ReadRecord {
  return parsedJson(stored.entry) ?? recordOf(stored)
}

function parsedJson(entry: Uint8Array): ReadRecord | undefined {
  try {
    return JSON.parse(decodeUtf8(entry) ?? '')
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
