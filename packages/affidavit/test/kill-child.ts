// A process that opens a ledger by the normal path and appends at full speed until it is killed. On stdout, one JSON line
// for each acknowledgement, written before anything else happens. Arguments: folder, name of its conversation.

import { flushCompileCache } from 'node:module'

import { openLedger } from '../src/index.ts'
import { tellParent } from './tell-parent.ts'

const IN_FLIGHT = 8

const [folder = '', name = ''] = process.argv.slice(2)
// Publishes all the time: its writes are to be hit too.
const ledger = await openLedger(folder, { publish: { intervalMillis: 3, heartbeatMillis: 20 } })
tellParent('open')
// The next child starts faster: a process that is killed leaves no cache of its own accord.
flushCompileCache()

let count = 0
async function appendForEver(lane: number): Promise<void> {
  for (;;) {
    const { id, seq, integrity_hash } = await ledger.append({
      action: 'tool_invoked',
      actor_id: name,
      actor_type: 'agent',
      conversation_id: lane % 2 === 0 ? name : 'shared',
      subject_ids: [name, 'everybody'],
      details: { lane, count: count++ },
    })
    tellParent({ id, seq, integrity_hash })
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => appendForEver(lane)))
