// Actions of an application's own, declared once: a misspelt one, or one without its fields, is refused.
// Run it: node --conditions=affidavit-source examples/own-actions.ts
import { defineActions, LedgerError, openLedger } from 'affidavit'

const actions = defineActions({
  'clinic.referral_sent': { description: 'A referral letter left the clinic.', requires: ['resource_id', 'purpose'] },
})

await using ledger = await openLedger(process.argv[2] ?? './audit', { origin: 'clinic.example/agents', actions })
const letter = { actor_id: 'clinic-agent', actor_type: 'agent', resource_type: 'referral_letter' } as const
await ledger.append({ ...letter, action: 'clinic.referral_sent', resource_id: 'L-104', purpose: 'treatment' })
try {
  await ledger.append({ ...letter, action: 'clinic.referral_sent' })
} catch (error) {
  if (!(error instanceof LedgerError)) throw error
  console.log(error.code, error.path)
}
