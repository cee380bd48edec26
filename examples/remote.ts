// A ledger on a server: the agent writes to it from elsewhere, and on its own disk while the server cannot be reached.
// Run it: AFFIDAVIT_LEDGER=https://HOST/v1/ledgers/NAME AFFIDAVIT_TOKEN=KEY node --conditions=affidavit-source examples/remote.ts
import { openLedger } from 'affidavit'
import { createAudit, openSpool } from 'affidavit/capture'

const folder = process.argv[2] ?? './agent'
const url = process.env.AFFIDAVIT_LEDGER ?? 'http://127.0.0.1:8645'
// A key of the role writer. What the server showed last is kept, and held against what it shows next.
const token = process.env.AFFIDAVIT_TOKEN ?? ''
await using ledger = await openLedger(url, { token, stateFolder: `${folder}/seen` })
await using spool = await openSpool({ folder: `${folder}/spool`, ledger })
await using audit = createAudit({ ledger, spool, agent_name: 'clinic' })
const getChart = audit.tool('get_chart', (patient: string) => `${patient}: chronic kidney disease`)

await audit.run({ conversation_id: 'visit-1', actor_id: 'u-17' }, async () => {
  await audit.message('May I take ibuprofen?')
  await getChart('p-42')
})
const { size } = await ledger.publish()
console.log(`${ledger.origin}: ${size} records are under a checkpoint, ${spool.waiting()} wait here`)
