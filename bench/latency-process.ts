// One side of the latency measurement (latency.ts starts both): a process of its own, so that neither side collects garbage
// of the other, or of what was measured before, while the clock runs.

import { databaseFile } from '../packages/affidavit/src/embedded/folder.ts'
import { createRawDatabase, readRawEntries } from './baseline.ts'
import { createWorkload } from './drafts.ts'
import { openNew, stretch } from './ledgers.ts'
import { millisOf } from './rounds.ts'

/** The records from `from` on: `ours` appends them, `raw` inserts what came of it. */
export interface Stretch {
  readonly from: number
  readonly count: number
}

/** Milliseconds of each record. */
export type Samples = readonly number[]

const [side, folder = ''] = process.argv.slice(2)
const { measure, close } = side === 'raw' ? raw() : await ours()

process.on('message', async (wanted: Stretch) => {
  process.send?.(await measure(wanted))
})
process.once('disconnect', close)
process.send?.([])

interface Side {
  measure(wanted: Stretch): Promise<Samples>
  close(): unknown
}

async function ours(): Promise<Side> {
  const ledger = await openNew(folder)
  const workload = createWorkload(100_000)
  return {
    measure: ({ from, count }) => millisOf([...stretch(workload, from, count)], (draft) => ledger.append(draft)),
    close: () => ledger.close(),
  }
}

function raw(): Side {
  const database = createRawDatabase(`${folder}.raw.db`)
  return {
    measure: ({ from, count }) =>
      millisOf(readRawEntries(databaseFile(folder), from).slice(0, count), (entry) => database.insert([entry], 1)),
    close: () => database.close(),
  }
}
