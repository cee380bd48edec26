// Four processes that write into one ledger, against one.

import type { ChildProcess } from 'node:child_process'
import type { Context } from './context.ts'
import { openNew } from './ledgers.ts'
import { answerOf, end, start } from './processes.ts'
import type { Row } from './report.ts'
import { type Comparison, compare, repeat } from './rounds.ts'
import type { WriterAnswer } from './writer-process.ts'

export async function measureWriters({ ledgers, effort }: Context): Promise<Row[]> {
  const folder = ledgers.emptyFolder()
  await (await openNew(folder)).close()
  const { together, ...words } = FOUR_WRITERS
  const compared = await compareWriters(
    Array.from({ length: WRITERS }, () => folder),
    effort,
  )
  return [{ measurement: 'writers', what: together, ...words, ...compared }]
}

export const WRITERS = 4

interface FourWriters extends Pick<Row, 'against' | 'unit' | 'budget'> {
  readonly together: string
}

/** What four writers on one ledger are held to. */
export const FOUR_WRITERS: FourWriters = {
  together: `${WRITERS} writer processes on one ledger, in sum`,
  against: 'one writer process',
  unit: 'records/s',
  budget: { kind: 'at least', ratio: 0.9 },
}

/** A writer process on each ledger, all of them against the first alone. A ledger may stand several times. */
export async function compareWriters(homes: readonly string[], effort: Context['effort']): Promise<Comparison> {
  const millis = effort === 'quick' ? 700 : 1500
  const writers = homes.map((home, series) => start('writer-process.ts', home, String(series)))
  try {
    await Promise.all(writers.map((writer) => answerOf<WriterAnswer>(writer)))
    const rounds = await repeat(effort === 'quick' ? 3 : 7, async () => ({
      alone: await rateOf(writers.slice(0, 1), millis),
      together: await rateOf(writers, millis),
    }))
    return compare(
      rounds,
      ({ together }) => together,
      ({ alone }) => alone,
    )
  } finally {
    await Promise.all(writers.map(end))
  }
}

/** Lets the writers append side by side for so long; answers records per second, added up. */
async function rateOf(writers: readonly ChildProcess[], millis: number): Promise<number> {
  for (const writer of writers) writer.send(millis)
  const answers = await Promise.all(writers.map((writer) => answerOf<WriterAnswer>(writer)))
  for (const { error } of answers) if (error !== undefined) throw new Error(`a writer failed: ${error}`)
  return answers.reduce((sum, { records, seconds }) => sum + records / seconds, 0)
}
