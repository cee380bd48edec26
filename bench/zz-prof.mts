import { connectSqliteForReading } from '../packages/affidavit/src/stores/sqlite/connect.ts'
import { verifyRows } from '../packages/affidavit/src/stores/sqlite/verify-rows.ts'
import { parseEntry } from '../packages/affidavit/src/formats/entry.ts'
import { leafHash } from '../packages/affidavit/src/merkle/hash.ts'
import { sha256 } from '../packages/affidavit/src/crypto/sha256.ts'
import { createHash, hash } from 'node:crypto'
import { createGrowth, emptyFrontier } from '../packages/affidavit/src/merkle/growth.ts'
const db = connectSqliteForReading('/tmp/perf/l100/ledger.db')
const origin = (db.prepare('SELECT origin FROM ledgers').get() as any).origin
const N = 100_000
function time(name: string, f: () => unknown) { const t = performance.now(); const c=process.cpuUsage(); f(); const d=process.cpuUsage(c); console.log(name.padEnd(30), ((performance.now()-t)/N*1000).toFixed(2), "us wall", ((d.user+d.system)/N).toFixed(2), "us cpu") }
const page = db.prepare('SELECT seq, entry, nodes FROM entries WHERE ledger_no = 1 AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?')
function* pages() { for (let n=0;n<N;n+=512) yield page.all(n, n+512, 512) as any[] }
const what = process.argv[2]
for (let r=0;r<3;r++) {
  if (what==='verify') { time('verifyRows', () => verifyRows(db, 1, { origin, from: 0, to: N, sizes: [], continues: { frontier: emptyFrontier, last: {seq:-1,id:undefined,hash:'',recorded_at:''} } })); continue }
  time('read', () => { let s=0; for (const p of pages()) s += p.length; return s })
  time('read+hash', () => { for (const p of pages()) for (const row of p) sha256(row.entry) })
  const rows: any[] = []; for (const p of pages()) rows.push(...p)
  if (r===0) console.log('avg', rows.reduce((a,x)=>a+x.entry.length,0)/rows.length)
  time('sha256', () => { for (const row of rows) sha256(row.entry) })
  time('leafHash', () => { for (const row of rows) leafHash(row.entry) })
  time('createHash', () => { for (const row of rows) createHash('sha256').update(row.entry).digest() })
  const h = rows.map(x=>leafHash(x.entry))
  time('growth', () => { const g = createGrowth(emptyFrontier); for (const x of h) g.append(x) })
  time('parseEntry', () => { for (const row of rows) parseEntry(row.entry) })
  const td = new TextDecoder('utf-8',{fatal:true})
  time('decode', () => { for (const row of rows) td.decode(row.entry) })
  time('latin1', () => { for (const row of rows) Buffer.from(row.entry.buffer,row.entry.byteOffset,row.entry.length).latin1Slice() })
  const texts = rows.map(x=>td.decode(x.entry))
  time('JSON.parse', () => { for (const t of texts) JSON.parse(t) })
  const vals = texts.map(t=>JSON.parse(t))
  time('stringify', () => { for (const t of vals) JSON.stringify(t) })
}
