// Durable append, one caller, against one raw commit for each of the same records, in processes that have been at work for a
// while: before, the engine is still compiling our code beside it.

import type { ChildProcess } from 'node:child_process'
import type { Context } from './context.ts'
import type { Samples, Stretch } from './latency-process.ts'
import { answerOf, end, start } from './processes.ts'
import type { Row } from './report.ts'
import { compare, quantile, repeat } from './rounds.ts'

const RECORDS = 1_000
const BEFORE = 6_000

export async function measureLatency({ ledgers, effort }: Context): Promise<Row[]> {
  const folder = ledgers.emptyFolder()
  const sides = [await startSide('ours', folder), await startSide('raw', folder)] as const
  try {
    // Seq 0 is the ledger's own.
    let from = 1
    const round = async (count: number): Promise<{ ours: Samples; raw: Samples }> => {
      const [ours, raw] = [await measure(sides[0], { from, count }), await measure(sides[1], { from, count })]
      from += count
      return { ours, raw }
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
    await Promise.all(sides.map(end))
  }
}

async function startSide(side: 'ours' | 'raw', folder: string): Promise<ChildProcess> {
  const child = start('latency-process.ts', side, folder)
  await answerOf(child)
  return child
}

async function measure(side: ChildProcess, wanted: Stretch): Promise<Samples> {
  side.send(wanted)
  return answerOf<Samples>(side)
}
