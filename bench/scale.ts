// What grows with a ledger, and must not: searches with the same number of results, and append.

import type { EntryFilter } from 'affidavit'

import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import type { Ledger } from '../packages/affidavit/src/ledger/ledger.ts'

import { appendConcurrently, CALLERS } from './callers.ts'
import type { Context } from './context.ts'
import { createWorkload, type Workload } from './drafts.ts'
import { stretch } from './ledgers.ts'
import type { Row } from './report.ts'
import { compare, median, millisOf, repeat } from './rounds.ts'

const FEW = 10_000
const SEARCHES = 40
const APPENDS = 1024

interface Sized {
  readonly ledger: Ledger
  readonly workload: Workload
}

export async function measureScale({ ledgers, effort, records }: Context): Promise<Row[]> {
  await using small = await openFolder(await ledgers.withRecords(FEW))
  await using large = await openFolder(await ledgers.withRecords(records))
  const few: Sized = { ledger: small, workload: createWorkload(FEW) }
  const many: Sized = { ledger: large, workload: createWorkload(records) }
  const rounds = effort === 'quick' ? 3 : 7
  return [
    await measureSearch('a conversation', rounds, few, many, (workload, pick) => ({
      conversation_id: workload.conversation(pick),
    })),
    await measureSearch('an actor', rounds, few, many, (workload, pick) => ({ actor_id: workload.person(pick) })),
    await measureSearch('a resource', rounds, few, many, (workload, pick) => ({
      resource_type: 'appointment',
      resource_id: workload.resource(pick),
    })),
    await measureAppends(rounds + 2, few, many, records),
  ]
}

async function measureSearch(
  what: string,
  count: number,
  few: Sized,
  many: Sized,
  filter: (workload: Workload, pick: number) => EntryFilter,
): Promise<Row> {
  let pick = 0
  const picks = (workload: Workload): EntryFilter[] => Array.from({ length: SEARCHES }, () => filter(workload, pick++))
  const results = await sameResults(few, many, filter)
  const timed = async ({ ledger, workload }: Sized): Promise<number> =>
    median(await millisOf(picks(workload), (picked) => countRecords(ledger, picked)))
  const rounds = await repeat(count, async () => ({ few: await timed(few), many: await timed(many) }))
  return {
    measurement: 'scale',
    what: `${what} (${results} records) among ${(await many.ledger.health()).size}`,
    against: `among ${(await few.ledger.health()).size}`,
    unit: 'ms',
    ...compare(
      rounds,
      (round) => round.many,
      (round) => round.few,
    ),
    budget: { kind: 'at most', ratio: 2 },
  }
}

/** Answers how many records a search finds, and refuses to compare searches that find another number. */
async function sameResults(
  few: Sized,
  many: Sized,
  filter: (workload: Workload, pick: number) => EntryFilter,
): Promise<number> {
  const found = await countRecords(few.ledger, filter(few.workload, 1))
  const foundAmongMany = await countRecords(many.ledger, filter(many.workload, 1))
  if (found !== foundAmongMany || found === 0) throw new Error(`${found} results against ${foundAmongMany}`)
  return found
}

async function countRecords(ledger: Ledger, filter: EntryFilter): Promise<number> {
  let found = 0
  for await (const _ of ledger.search(filter)) found++
  return found
}

async function measureAppends(count: number, few: Sized, many: Sized, records: number): Promise<Row> {
  let appended = 0
  const rate = ({ ledger, workload }: Sized, size: number): Promise<number> =>
    appendConcurrently(ledger, [...stretch(workload, size + appended, APPENDS)], CALLERS)
  const rounds = await repeat(count, async () => {
    const round = { few: await rate(few, FEW), many: await rate(many, records) }
    appended += APPENDS
    return round
  })
  return {
    measurement: 'scale',
    what: `durable append, ${CALLERS} callers at once, at ${records}`,
    against: `at ${FEW}`,
    unit: 'records/s',
    ...compare(
      rounds,
      (round) => round.many,
      (round) => round.few,
    ),
    budget: { kind: 'at least', ratio: 0.9 },
  }
}
