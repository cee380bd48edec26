import { createSecretKey } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createAdmission } from '../packages/affidavit/src/ledger/admit.ts'
import { systemClock } from '../packages/affidavit/src/clock/clock.ts'
import { connectSqlite } from '../packages/affidavit/src/stores/sqlite/connect.ts'
import { localSqliteStore } from '../packages/affidavit/src/stores/sqlite/local-store.ts'
import { createWorkload } from './drafts.ts'
import { createRawDatabase, readRawEntries } from './baseline.ts'
import { sequence } from '../packages/affidavit/src/ledger/sequence.ts'
import { emptyFrontier } from '../packages/affidavit/src/merkle/growth.ts'
const N=20_000, B=Number(process.argv[2] ?? 256)
async function time(name: string, f: () => unknown) { const t = performance.now(); const c=process.cpuUsage(); await f(); const d=process.cpuUsage(c); console.log(name.padEnd(30), ((performance.now()-t)/N*1000).toFixed(2), 'us wall', ((d.user+d.system)/N).toFixed(2), 'us cpu') }
const w=createWorkload(100_000)
const drafts=Array.from({length:N*4},(_, i)=>w.draft(i))
const adm=createAdmission({ ledger:'perf.example/a/0123456789abcdef', digestKey:createSecretKey(Buffer.alloc(32,7)), actions:{}, clock:systemClock })
rmSync('/tmp/perf/s.db',{force:true}); rmSync('/tmp/perf/s.db-wal',{force:true}); rmSync('/tmp/perf/r.db',{force:true});rmSync('/tmp/perf/r.db-wal',{force:true})
connectSqlite('/tmp/perf/s.db','create').close()
const store=localSqliteStore({ connect:()=>connectSqlite('/tmp/perf/s.db','open'), reopen:'possible' })
await store.create('perf.example/a/0123456789abcdef')
const raw=createRawDatabase('/tmp/perf/r.db')
let size=0
for (let r=0;r<4;r++) {
  const slice=drafts.slice(r*N,(r+1)*N)
  let prepared: any[]=[]
  await time('admit', ()=>{ prepared=slice.map(d=>adm.admit(d)) })
  await time('clone', ()=>{ for(let i=0;i<N;i+=B) structuredClone(prepared.slice(i,i+B)) })
  await time('sequence', ()=>{ let tip:any={frontier:emptyFrontier,integrity_hash:'',recorded_at:''}; for(let i=0;i<N;i+=B) tip=sequence(tip,prepared.slice(i,i+B),{standing:new Map(),conversations:new Map()},Date.now()).tip })
  await time('commit', async ()=>{ for(let i=0;i<N;i+=B) await store.commit({ledger:'perf.example/a/0123456789abcdef',drafts:prepared.slice(i,i+B),at:Date.now(),patienceMillis:1000}) })
  const rows=readRawEntries('/tmp/perf/s.db', size); size+=rows.length
  await time('raw', ()=>raw.insert(rows,B))
}
