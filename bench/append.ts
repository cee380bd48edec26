// Durable append, 256 callers at once, against inserting the very bytes that came of it.

import { databaseFile } from '../packages/affidavit/src/embedded/folder.ts'
import { createRawDatabase, readRawEntries } from './baseline.ts'
import { appendConcurrently, CALLERS } from './callers.ts'
import type { Context } from './context.ts'
import { createWorkload } from './drafts.ts'
import { openNew, stretch } from './ledgers.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'

const RECORDS = 16_384

export async function measureAppend({ ledgers, effort }: Context): Promise<Row[]> {
  const folder = ledgers.emptyFolder()
  await using ledger = await openNew(folder)
  const raw = createRawDatabase(`${ledgers.emptyFolder()}.db`)
  const workload = createWorkload(100_000)
  let size = 1
  try {
    const rounds = await repeat(effort === 'quick' ? 3 : 8, async () => {
      const ours = await appendConcurrently(ledger, [...stretch(workload, size, RECORDS)], CALLERS)
      const entries = readRawEntries(databaseFile(folder), size)
      size += entries.length
      return { ours, raw: entries.length / (await secondsOf(() => raw.insert(entries, CALLERS))) }
    })
    return [
      {
        measurement: 'append',
        what: `durable append, ${CALLERS} callers at once`,
        against: `raw INSERT, ${CALLERS} rows a transaction`,
        unit: 'records/s',
        ...compare(
          rounds,
          ({ ours }) => ours,
          ({ raw }) => raw,
        ),
        budget: { kind: 'at least', ratio: 0.8 },
      },
    ]
  } finally {
    raw.close()
  }
}
