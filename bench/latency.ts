// Durable append, one caller, against one raw commit for each of the same records, in a process that has been at work for
// a while: before, the engine is still compiling our code beside it.

import { databaseFile } from '../packages/affidavit/src/embedded/folder.ts'
import { createRawDatabase, readRawEntries } from './baseline.ts'
import type { Context } from './context.ts'
import { createWorkload } from './drafts.ts'
import { openNew, stretch } from './ledgers.ts'
import type { Row } from './report.ts'
import { compare, millisOf, quantile, repeat } from './rounds.ts'

const RECORDS = 1_000
const BEFORE = 6_000

export async function measureLatency({ ledgers, effort }: Context): Promise<Row[]> {
  const folder = ledgers.emptyFolder()
  await using ledger = await openNew(folder)
  const raw = createRawDatabase(`${ledgers.emptyFolder()}.db`)
  const workload = createWorkload(100_000)
  let size = 1
  try {
    const round = async (records: number): Promise<{ ours: number[]; raw: number[] }> => {
      const drafts = [...stretch(workload, size, records)]
      const ours = await millisOf(drafts, (draft) => ledger.append(draft))
      const entries = readRawEntries(databaseFile(folder), size)
      size += entries.length
      return { ours, raw: await millisOf(entries, (entry) => raw.insert([entry], 1)) }
    }
    await round(BEFORE)
    const rounds = await repeat(effort === 'quick' ? 5 : 12, () => round(RECORDS))
    return [0.5, 0.99].map((share) => ({
      measurement: 'latency',
      what: `durable append, one caller, p${share * 100}`,
      against: 'raw commit of one row',
      unit: 'ms',
      ...compare(
        rounds,
        ({ ours }) => quantile(ours, share),
        ({ raw }) => quantile(raw, share),
      ),
      budget: { kind: 'at most', ratio: 1.5 },
    }))
  } finally {
    raw.close()
  }
}
