// Four processes that write into one ledger, against one.

import type { ChildProcess } from 'node:child_process'
import type { Context } from './context.ts'
import { openNew } from './ledgers.ts'
import { answerOf, end, start } from './processes.ts'
import type { Row } from './report.ts'
import { compare, repeat } from './rounds.ts'
import type { WriterAnswer } from './writer-process.ts'

const WRITERS = 4

export async function measureWriters({ ledgers, effort }: Context): Promise<Row[]> {
  const folder = ledgers.emptyFolder()
  await (await openNew(folder)).close()
  const millis = effort === 'quick' ? 700 : 1500
  const writers = Array.from({ length: WRITERS }, (_, series) => start('writer-process.ts', folder, String(series)))
  try {
    await Promise.all(writers.map((writer) => answerOf<WriterAnswer>(writer)))
    const rounds = await repeat(effort === 'quick' ? 3 : 7, async () => ({
      alone: await rateOf(writers.slice(0, 1), millis),
      together: await rateOf(writers, millis),
    }))
    return [
      {
        measurement: 'writers',
        what: `${WRITERS} writer processes on one ledger, in sum`,
        against: 'one writer process',
        unit: 'records/s',
        ...compare(
          rounds,
          ({ together }) => together,
          ({ alone }) => alone,
        ),
        budget: { kind: 'at least', ratio: 0.9 },
      },
    ]
  } finally {
    await Promise.all(writers.map(end))
  }
}

/** Lets the writers append side by side for so long; answers records per second, added up. */
export async function rateOf(writers: readonly ChildProcess[], millis: number): Promise<number> {
  for (const writer of writers) writer.send(millis)
  const answers = await Promise.all(writers.map((writer) => answerOf<WriterAnswer>(writer)))
  for (const { error } of answers) if (error !== undefined) throw new Error(`a writer failed: ${error}`)
  return answers.reduce((sum, { records, seconds }) => sum + records / seconds, 0)
}
