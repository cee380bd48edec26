// npm run bench: every budget of the architecture as a ratio within one run on one machine. Never fails for being slow.
//   --quick       about a minute: shorter rounds, a smaller large ledger
//   --only NAME   one measurement
//   --records N   records of the large ledger
//   --json        for machines

import { parseArgs } from 'node:util'

import { measureAppend } from './append.ts'
import { measureArchive } from './archive.ts'
import { measureCapture } from './capture.ts'
import { measureClient } from './client.ts'
import { measureContent } from './content.ts'
import type { Context } from './context.ts'
import { measureDetect } from './detect.ts'
import { measureExport } from './export.ts'
import { measureHttp } from './http.ts'
import { measureLatency } from './latency.ts'
import { createLedgers } from './ledgers.ts'
import { measurePlan } from './plan.ts'
import { measurePostgres } from './postgres.ts'
import { measurePostgresLarge } from './postgres-large.ts'
import { measureProve } from './prove.ts'
import { type Row, renderJson, renderTable } from './report.ts'
import { measureScale } from './scale.ts'
import { measureSeal } from './seal.ts'
import { measureVerify } from './verify.ts'
import { measureWriters } from './writers.ts'

// `scale` appends to the ledgers it measures on, so it comes last.
const MEASUREMENTS: ReadonlyMap<string, (context: Context) => Promise<Row[]>> = new Map([
  ['append', measureAppend],
  ['latency', measureLatency],
  ['writers', measureWriters],
  ['verify', measureVerify],
  ['export', measureExport],
  ['prove', measureProve],
  ['seal', measureSeal],
  ['content', measureContent],
  ['detect', measureDetect],
  ['capture', measureCapture],
  ['client', measureClient],
  ['plan', measurePlan],
  ['archive', measureArchive],
  ['http', measureHttp],
  ['postgres', measurePostgres],
  ['postgres-large', measurePostgresLarge],
  ['scale', measureScale],
])

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    only: { type: 'string' },
    records: { type: 'string' },
  },
})
const rows = await measure(named(values.only))
console.log(values.json ? renderJson(rows) : renderTable(rows))

async function measure(names: readonly string[]): Promise<Row[]> {
  const effort = values.quick ? 'quick' : 'full'
  const records = recordsOf(values.records ?? (values.quick ? '50000' : '1000000'))
  const ledgers = createLedgers(say)
  process.once('exit', () => ledgers.remove())
  process.once('SIGINT', () => process.exit(130))
  const rows: Row[] = []
  for (const name of names) rows.push(...(await measureOne(name, { ledgers, effort, records })))
  return rows
}

/** `postgres` names `postgres-large` too. */
function named(only: string | undefined): string[] {
  const names = [...MEASUREMENTS.keys()]
  if (only === undefined) return names
  const found = names.filter((name) => name === only || name.startsWith(`${only}-`))
  if (found.length === 0) throw new Error(`no measurement ${only}; there are ${names.join(', ')}`)
  return found
}

async function measureOne(name: string, context: Context): Promise<Row[]> {
  const run = MEASUREMENTS.get(name)
  if (run === undefined) throw new Error(`no measurement ${name}`)
  const begun = performance.now()
  const rows = await run(context)
  say(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`)
  return rows
}

function recordsOf(text: string): number {
  const records = Number(text)
  if (Number.isSafeInteger(records) && records >= 20_000) return records
  throw new Error(`--records ${text}: a number from 20000 was expected`)
}

function say(line: string): void {
  console.error(line)
}
