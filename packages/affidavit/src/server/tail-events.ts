// A ledger as it grows, as server-sent events (spec/http.md §7): each page is on record before its first event.

import { setTimeout as delay } from 'node:timers/promises'

import type { Clock } from '../clock/clock.ts'
import type { AuditRecord } from '../formats/fields.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Reading } from '../ledger/reading.ts'
import type { EntryFilter } from '../ledger/store.ts'
import { EVERY_MILLIS, newPages, recordPage } from '../query/tail.ts'

export interface Tail {
  readonly ledger: Pick<Ledger, 'health' | 'search'>
  readonly reading: Pick<Reading, 'recorded' | 'asRecorded'>
  readonly filter: EntryFilter
  fits(record: AuditRecord): boolean
  readonly from_seq: number
  readonly clock: Pick<Clock, 'elapsed'>
  /** Whether whoever reads may go on. Asked before each look. */
  goesOn(): Promise<boolean>
}

const HEARTBEAT_MILLIS = 15_000
const HEARTBEAT = ':\n\n'

export async function* tailEvents(tail: Tail): AsyncGenerator<string> {
  const { ledger, reading, filter, clock } = tail
  let seen = tail.from_seq
  let isFirst = true
  let saidAt = clock.elapsed()
  const record = async (page: readonly AuditRecord[], size: number): Promise<void> => {
    await recordPage(reading, page, size, await reading.asRecorded(filter))
    isFirst = false
  }
  // So that whoever asked knows that it has begun.
  yield HEARTBEAT
  while (await tail.goesOn()) {
    const { size } = await ledger.health()
    for await (const page of newPages(ledger, { from_seq: seen, until_seq: size }, filter, tail.fits)) {
      if (!(await tail.goesOn())) return
      await record(page, size)
      for (const one of page) yield eventOf(one)
      saidAt = clock.elapsed()
    }
    if (isFirst) await record([], size)
    seen = Math.max(seen, size)
    if (clock.elapsed() - saidAt >= HEARTBEAT_MILLIS) {
      yield HEARTBEAT
      saidAt = clock.elapsed()
    }
    await delay(EVERY_MILLIS)
  }
}

function eventOf(record: AuditRecord): string {
  return `id: ${record.seq}\ndata: ${JSON.stringify(record)}\n\n`
}
