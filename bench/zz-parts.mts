import { connectSqliteForReading } from '../packages/affidavit/src/stores/sqlite/connect.ts'
import { skimEntry } from '../packages/affidavit/src/formats/skim-entry.ts'
import { ENTRY } from '../packages/affidavit/src/formats/entry-pattern.ts'
import { leafHashOfAscii } from '../packages/affidavit/src/merkle/hash.ts'
import { toHex } from '../packages/affidavit/src/bytes/hex.ts'
import { hash } from 'node:crypto'
const db = connectSqliteForReading('/tmp/perf/l100/ledger.db') as any
const N = 100_000
function time(name: string, f: () => unknown) { const best=[9e9]; for(let i=0;i<4;i++){ const c=process.cpuUsage(); f(); const d=process.cpuUsage(c); best.push((d.user+d.system)/N)}; console.log(name.padEnd(30), Math.min(...best).toFixed(2), 'us cpu') }
const W='FROM entries WHERE ledger_no = ? AND seq >= ? AND seq < ? ORDER BY seq LIMIT ?'
const Q = {
 blob: `SELECT seq, entry, nodes ${W}`,
 text: `SELECT seq, CAST(entry AS TEXT) AS entry ${W}`,
 textlen: `SELECT seq, CAST(entry AS TEXT) AS entry, octet_length(entry) as bytes ${W}`,
 texthex: `SELECT seq, CAST(entry AS TEXT) AS entry, hex(nodes) as nodes ${W}`,
 textlowhex: `SELECT seq, CAST(entry AS TEXT) AS entry, lower(hex(nodes)) as nodes ${W}`,
 full: `SELECT seq, lower(hex(nodes)) AS nodes, octet_length(entry) AS bytes, typeof(entry) = 'blob' AND typeof(nodes) = 'blob' AS blobs, CASE WHEN octet_length(entry) <= 65535 THEN CAST(entry AS TEXT) END AS text ${W}`,
 concat: `SELECT CASE WHEN typeof(entry) = 'blob' AND typeof(nodes) = 'blob' AND octet_length(entry) <= 65535 THEN seq || ' ' || octet_length(entry) || ' ' || hex(nodes) || ' ' || CAST(entry AS TEXT) END AS text ${W}`,
}
for (const [k,q] of Object.entries(Q)) { const p=db.prepare(q); time(k, ()=>{for(let n=0;n<N;n+=512) p.all(1,n,n+512,512)}); const a=db.prepare(q); a.setReturnArrays(true); time(k+' arrays', ()=>{for(let n=0;n<N;n+=512) a.all(1,n,n+512,512)}) }
const texts = (db.prepare('SELECT CAST(entry AS TEXT) AS t FROM entries').all() as any[]).map(r=>r.t)
time('regex', ()=>{for (const t of texts) ENTRY.exec(t)}); time('skim', ()=>{for (const t of texts) skimEntry(t)}); time('leaf', ()=>{for (const t of texts) leafHashOfAscii(t)}); const h=texts.map(leafHashOfAscii); time('hex', ()=>{for (const t of h) toHex(t)})
time('hash bin', ()=>{for (const t of texts) hash('sha256','\0'+t,'binary')}); time('hash hex', ()=>{for (const t of texts) hash('sha256','\0'+t,'hex')});time('hash buf', ()=>{for (const t of texts) hash('sha256','\0'+t,'buffer')})
const r1=/^[ -[\]-~]*$/, r2=/[^ -~]/, r3=new RegExp(ENTRY.source.replaceAll('[ !#-[\\]-~]','[^"]').replaceAll('[ -[\\]-~]','[^]'))
time('plain scan', ()=>{for (const t of texts) r1.test(t)}); time('ctl scan', ()=>{for (const t of texts) r2.test(t)}); time('regex [^"]', ()=>{for (const t of texts) r3.exec(t)})
const r4=new RegExp(ENTRY.source.replaceAll('[ !#-[\\]-~]{1,256}','[ !#-[\\]-~]+')); time('regex +', ()=>{for (const t of texts) r4.exec(t)})
