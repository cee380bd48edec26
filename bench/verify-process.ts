// Verifies a ledger and says how much memory that took (verify.ts starts it).

import { verifierKey, verifyWell } from './verify.ts'

const [home = ''] = process.argv.slice(2)
await verifyWell(home, await verifierKey(home), 2, 'skipped')
process.send?.(process.resourceUsage().maxRSS / 1024)
process.disconnect()
