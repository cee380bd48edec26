import { createSecretKey } from 'node:crypto'
import { createAdmission } from '../packages/affidavit/src/ledger/admit.ts'
import { systemClock } from '../packages/affidavit/src/clock/clock.ts'
import { createWorkload } from './drafts.ts'
const N=100_000
const w=createWorkload(100_000)
const drafts=Array.from({length:N},(_, i)=>w.draft(i))
const adm=createAdmission({ ledger:'perf.example/a/0123456789abcdef', digestKey:createSecretKey(Buffer.alloc(32,7)), actions:{}, clock:systemClock })
let best=1e9
for (let r=0;r<6;r++) { const c=process.cpuUsage(); const t=performance.now(); for (const d of drafts) adm.admit(d); const e=process.cpuUsage(c); best=Math.min(best,(performance.now()-t)/N*1000); console.log('admit', ((performance.now()-t)/N*1000).toFixed(2),'wall', ((e.user+e.system)/N).toFixed(2), 'cpu') }
