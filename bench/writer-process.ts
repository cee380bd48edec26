// One of several writers of a ledger (writers.ts starts it): appends for as long as each message says.

import { on } from 'node:events'

import { LedgerError, openLedger } from 'affidavit'

import { CALLERS } from './callers.ts'
import { createWorkload } from './drafts.ts'

export interface WriterAnswer {
  readonly records: number
  readonly seconds: number
  readonly error?: string
}

const [folder = '', series = '0'] = process.argv.slice(2)
const workload = createWorkload(100_000, Number(series))
const ledger = await openLedger(folder)
let n = 0

const ended = new AbortController()
process.once('disconnect', () => ended.abort())
process.send?.(await appendFor(100))
try {
  for await (const [millis] of on(process, 'message', { signal: ended.signal })) {
    process.send?.(await appendFor(Number(millis)))
  }
} catch (error) {
  if (!ended.signal.aborted) throw error
}
await ledger.close()

async function appendFor(millis: number): Promise<WriterAnswer> {
  const begun = performance.now()
  const before = n
  try {
    await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        while (performance.now() - begun < millis) await ledger.append(workload.draft(n++))
      }),
    )
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error
    return { records: 0, seconds: 1, error: error.message }
  }
  return { records: n - before, seconds: (performance.now() - begun) / 1000 }
}
