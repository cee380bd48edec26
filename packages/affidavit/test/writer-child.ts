// A process that appends to a shared ledger, one record at a time, as soon as its parent says so on stdin. Tells the
// size of the ledger that it saw before each append, and the place the record got. Arguments: folder, name, count.

import { once } from 'node:events'

import { openLedger } from '../src/index.ts'
import { tellParent } from './tell-parent.ts'

const [folder = '', name = '', count = '0'] = process.argv.slice(2)
const never = 3_600_000
await using ledger = await openLedger(folder, { publish: { intervalMillis: never, heartbeatMillis: never } })
// The first append starts the threads; what is measured begins after it.
await ledger.append({ action: 'conversation_started', actor_id: name, actor_type: 'agent', conversation_id: name })
tellParent('ready')
await once(process.stdin, 'data')

for (let i = 0; i < Number(count); i++) {
  const { size } = await ledger.health()
  const { seq } = await ledger.append({
    action: 'tool_invoked',
    actor_id: name,
    actor_type: 'agent',
    conversation_id: i % 2 === 0 ? name : 'shared',
    producer_id: name,
    producer_seq: i,
  })
  tellParent({ size, seq })
}
process.stdin.destroy()
