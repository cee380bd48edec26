import { verifySqlite } from '../packages/affidavit/src/stores/sqlite/verify.ts'
const N=Number(process.argv[4] ?? 100000)
for (const threads of [1,2]) {
  const t=performance.now(); const c=process.cpuUsage()
  const r = await verifySqlite('' + (process.argv[3] ?? '/tmp/perf/l100') + '/ledger.db', { trust: {kind:'first use'}, anchors: [], threads, indexes: process.argv[2] ?? 'skipped' } as any)
  const d=process.cpuUsage(c)
  console.log(threads, r.status, ((performance.now()-t)/N*1000).toFixed(2), 'us wall', ((d.user+d.system)/N).toFixed(2), 'us cpu')
}
