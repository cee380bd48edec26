// What becomes of every record (affidavit retention plan): how fast, against a million in twenty seconds, and whether its memory grows with the ledger.

import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import type { Ledger } from '../packages/affidavit/src/ledger/ledger.ts'
import { questionsOf } from '../packages/affidavit/src/query/questions.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, cpuSecondsOf, repeat } from './rounds.ts'

const FEW = 10_000
/** Records a second of CPU, in all threads. */
const PROMISED = 1_000_000 / 20
const SAMPLE_MILLIS = 10

export async function measurePlan({ ledgers, effort, records }: Context): Promise<Row[]> {
  await using small = await openFolder(await ledgers.withRecords(FEW))
  await using large = await openFolder(await ledgers.withRecords(records))
  const rounds = await repeat(effort === 'quick' ? 3 : 2, async () => ({
    few: await peakOf(() => plan(small)),
    many: await peakOf(() => plan(large)),
    seconds: await cpuSecondsOf(() => plan(large)),
  }))
  return [
    {
      measurement: 'plan',
      what: `what becomes of each of ${records} records`,
      against: 'a million in 20 s',
      unit: 'records/s of CPU',
      ...compare(
        rounds,
        ({ seconds }) => records / seconds,
        () => PROMISED,
      ),
      budget: { kind: 'at least', ratio: 1 },
    },
    {
      measurement: 'plan',
      what: `memory at most, for ${records} records`,
      against: `for ${FEW}`,
      unit: 'MB',
      ...compare(
        rounds,
        ({ many }) => many,
        ({ few }) => few,
      ),
      budget: { kind: 'at most', ratio: 2 },
    },
  ]
}

async function plan(ledger: Ledger): Promise<void> {
  await questionsOf(ledger.as({ actor_id: 'bench' })).retentionPlan(ledger.retention)
}

/** The most memory that JavaScript had while `work` was done, in MB. */
async function peakOf(work: () => Promise<void>): Promise<number> {
  let most = 0
  const look = (): void => {
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    most = Math.max(most, heapUsed + arrayBuffers)
  }
  const looking = setInterval(look, SAMPLE_MILLIS)
  try {
    await work()
    look()
    return most / 1e6
  } finally {
    clearInterval(looking)
  }
}
