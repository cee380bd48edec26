// A process that writes to a ledger on a server at full speed, and puts into its spool what the ledger does not take, until its
// standard input ends; then it hands in all that waits. Says on standard output, one JSON line each, what it was told, before anything
// else happens. Arguments: URL of the ledger, token, folder of the spool, number of its first draft.

import { openSpool } from '../src/capture/spool.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import { openLedger } from '../src/index.ts'
import { SPOOL_BYTES, servedDraft } from './served-draft.ts'
import { tellParent } from './tell-parent.ts'

const LANES = 4
/** Soon enough that what a dead server leaves goes to the spool. */
const PATIENCE_MILLIS = 1_000
const WORLD = ['not-committed', 'outcome-unknown', 'server-unavailable', 'queue-full', 'spool-full']

const [url = '', token = '', folder = '', first = '0'] = process.argv.slice(2)
const ledger = await untilThere(() => openLedger(url, { token, patienceMillis: PATIENCE_MILLIS }))
const spool = await openSpool({ folder, ledger, maxBytes: SPOOL_BYTES })
let state: 'on' | 'over' = 'on'
process.stdin.on('end', () => {
  state = 'over'
})
process.stdin.resume()

let next = Number(first)
async function write(lane: number): Promise<void> {
  while (state === 'on') {
    const draft = servedDraft(next++, lane)
    const { id } = draft
    try {
      const { seq, integrity_hash } = await ledger.append(draft)
      tellParent({ id, told: 'recorded', seq, integrity_hash })
    } catch (error) {
      const code = ofTheWorld(error)
      const told = await spool.put(draft).then(() => 'spooled', ofTheWorld)
      tellParent({ id, told, code })
    }
  }
}

async function forwardAll(): Promise<void> {
  while (state === 'on' || spool.waiting() > 0) {
    const { refused, unreadable } = await untilThere(() => spool.forward())
    if (refused.length + unreadable.length > 0) throw new Error(`refused ${refused}, unreadable ${unreadable}`)
    await new Promise(setImmediate)
  }
}

/** Does it again for as long as no server answers, each time with the client's own patience. */
async function untilThere<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      ofTheWorld(error)
    }
  }
}

function ofTheWorld(error: unknown): string {
  if (error instanceof LedgerError && WORLD.includes(error.code)) return error.code
  throw error
}

await Promise.all([forwardAll(), ...Array.from({ length: LANES }, (_, lane) => write(lane))])
await spool.close()
await ledger.close()
