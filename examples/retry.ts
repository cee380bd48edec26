// A retry is recorded once: the id tells the ledger that it is the same draft. Another draft under that id is a conflict.
// Run it: node --conditions=affidavit-source examples/retry.ts
import { type Draft, LedgerError, openLedger } from 'affidavit'

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents' })
const draft: Draft = {
  id: '01983f5e-4b1a-7c20-9d3e-2f6a8b0c4d11',
  timestamp: '2026-11-21T09:30:00.000Z',
  action: 'tool_invoked',
  actor_id: 'clinic-agent',
  actor_type: 'agent',
  details: { tool: 'get_chart' },
}
const first = await ledger.append(draft)
const again = await ledger.append(draft)
console.log(first.state, again.state, first.seq === again.seq)
try {
  await ledger.append({ ...draft, details: { tool: 'delete_chart' } })
} catch (error) {
  if (!(error instanceof LedgerError)) throw error
  console.log(error.code)
}
