// Verifies a ledger and says how much memory that took (verify.ts starts it).

import { databaseFile } from '../packages/affidavit/src/embedded/folder.ts'
import { pinnedKey, verifyWell } from './verify.ts'

const [folder = ''] = process.argv.slice(2)
await verifyWell(databaseFile(folder), await pinnedKey(folder), 2, 'skipped')
process.send?.(process.resourceUsage().maxRSS / 1024)
process.disconnect()
