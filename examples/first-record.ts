// An existing agent, audited. Run it: node --conditions=affidavit-source examples/first-record.ts
import { openLedger } from 'affidavit'
import { createAudit } from 'affidavit/capture'

const chartOf = (patient: string): string => `${patient}: chronic kidney disease`
const model = async (question: string, chart: string): Promise<string> => `${question} Not with ${chart.slice(6)}.`

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
await using audit = createAudit({ ledger, agent_name: 'clinic' })
const getChart = audit.tool('get_chart', chartOf)

await audit.run({ conversation_id: 'visit-1', actor_id: 'u-17' }, async () => {
  const question = 'May I take ibuprofen?'
  await audit.message(question)
  const chart = await getChart('p-42')
  const answer = await audit.modelCall({ read: (answer: string) => ({ answer }) }, () => model(question, chart))
  console.log(answer)
  await audit.delivered()
})
const records = ledger.as({ actor_id: 'auditor' }).search({ conversation_id: 'visit-1' })
for await (const { seq, action, actor_id } of records) console.log(seq, action, actor_id)
