// A process that puts drafts into a spool at full speed, and forwards them all the time, until it is killed. On stdout, one line
// for each draft that was acknowledged, written before anything else happens. Arguments: the folders of ledger and spool, the
// number of its first draft.

import { flushCompileCache } from 'node:module'

import { openSpool } from '../src/capture/spool.ts'
import { openLedger } from '../src/index.ts'
import { spoolDraft } from './spool-place.ts'
import { tellParent } from './tell-parent.ts'

const IN_FLIGHT = 5

const [place = '', folder = '', first = '0'] = process.argv.slice(2)
const never = 3_600_000
const ledger = await openLedger(place, { publish: { intervalMillis: never, heartbeatMillis: never } })
const spool = await openSpool({ folder, ledger })
tellParent('open')
flushCompileCache()

let next = Number(first)
async function putForEver(): Promise<void> {
  for (;;) {
    const draft = next++
    await spool.put(spoolDraft(draft))
    tellParent(draft)
  }
}

async function forwardForEver(): Promise<void> {
  for (;;) {
    while (spool.waiting() < 20) await spool.put(spoolDraft(next++))
    const { refused, unreadable } = await spool.forward()
    if (refused.length + unreadable.length > 0) throw new Error(`refused ${refused}, unreadable ${unreadable}`)
  }
}

await Promise.all([forwardForEver(), ...Array.from({ length: IN_FLIGHT }, putForEver)])
