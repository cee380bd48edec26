import { rmSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { openLedger } from 'affidavit'
import { createWorkload } from './drafts.ts'
import { appendConcurrently } from './callers.ts'
const C = Number(process.argv[2] ?? 256)
rmSync('/tmp/perf/app', { recursive: true, force: true })
const l = await openLedger('/tmp/perf/app', { origin: 'perf.example/a', publish: { intervalMillis: 100000, afterEntries: 10000000 } })
const w = createWorkload(200_000)
let n = 0
for (let r = 0; r < 6; r++) {
  const drafts = Array.from({ length: 8192 }, () => w.draft(n++))
  const e = performance.eventLoopUtilization(); const c = process.cpuUsage()
  const rate = await appendConcurrently(l, drafts, C)
  const d = process.cpuUsage(c)
  console.log(Math.round(rate), 'rec/s', (1e6/rate).toFixed(1), 'us/rec; main busy', performance.eventLoopUtilization(e).utilization.toFixed(2), 'cpu us/rec', ((d.user + d.system) / 8192).toFixed(1))
}
await l.close()
