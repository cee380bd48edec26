// Handing out keys of segments, to somebody who is to verify them down to their entries without the ledger (spec/archive.md §10). On record
// before a key leaves the keyring.

import type { KeyObject } from 'node:crypto'

import { LedgerError } from '../errors/ledger-error.ts'
import type { SegmentKeyFile } from '../formats/segment-key-file.ts'
import { formatRuns, seqsOf } from '../formats/seq-runs.ts'
import type { Archival } from '../ledger/archival.ts'
import { readSegments, type StandingSegment } from '../ledger/archived-segments.ts'
import type { Reading } from '../ledger/reading.ts'
import { findSegmentKey } from './segment-key.ts'

/** Which segments: by their ids, or all of a class, of a month, or of both. */
export interface SegmentsAsked {
  readonly ids?: readonly string[]
  readonly retention_class?: string
  readonly due_month?: string
}

/** What one record about it can name. */
const MAX_HANDED_OUT = 500

/**
 * @throws LedgerError `not-allowed`, `invalid-query` where more is asked for than one record names, `not-found` where no segment fits, or the key
 * of one that was named is not in the keyring
 */
export async function handOutKeys(
  { store, ledger, keyring }: Pick<Archival, 'store' | 'ledger' | 'keyring'>,
  reading: Pick<Reading, 'recorded'>,
  asked: SegmentsAsked,
  reason: string,
): Promise<SegmentKeyFile> {
  const wanted = (await readSegments(store, ledger)).filter((segment) => fits(segment, asked))
  const unknown = asked.ids?.find((id) => !wanted.some(({ segment }) => segment === id))
  if (unknown !== undefined) throw notThere(`no segment ${unknown} is on record`)
  const found = new Map<string, { readonly key: KeyObject; readonly segment: StandingSegment }>()
  for (const segment of wanted) {
    const key = await findSegmentKey({ keyring }, { ...segment, ledger, seqs: formatRuns(segment.runs) })
    if (key !== undefined) found.set(segment.segment, { key, segment })
    else if (asked.ids !== undefined) throw notThere(`the key of segment ${segment.segment} is not in the keyring`)
  }
  if (found.size === 0) throw notThere('no segment that fits is on record and has its key')
  if (found.size > MAX_HANDED_OUT) throw tooMany(found.size)
  await reading.recorded('hand-out-keys', {
    action: 'records_exported',
    operation: 'archive keys',
    reason,
    details: { segments: found.size, segment_ids: [...found.keys()] },
    results: [...found.values()].flatMap(({ segment }) => [...seqsOf(segment.runs)]),
  })
  return { ledger, keys: new Map([...found].map(([id, { key }]) => [id, key])) }
}

function fits({ segment, retention_class, due_month }: StandingSegment, asked: SegmentsAsked): boolean {
  if (asked.ids !== undefined && !asked.ids.includes(segment)) return false
  if (asked.retention_class !== undefined && asked.retention_class !== retention_class) return false
  return asked.due_month === undefined || asked.due_month === due_month
}

function notThere(problem: string): LedgerError {
  const cure = 'affidavit archive status shows classes and months; what was destroyed has no key any more'
  return new LedgerError('not-found', { problem: `${problem}; no key was handed out`, cure })
}

function tooMany(count: number): LedgerError {
  return new LedgerError('invalid-query', {
    problem: `${count} segments fit, and one record names ${MAX_HANDED_OUT} at most; no key was handed out`,
    cure: 'ask for one class and month at a time, or name segments',
  })
}
