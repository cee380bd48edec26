// A process whose agent works at full speed, on a ledger that takes nothing now and then, until it is killed. On stdout, one JSON
// line for everything that the agent is told, written before anything else happens. Arguments: home of the ledger, folder of the spool.

import { flushCompileCache } from 'node:module'

import { createAudit, openSpool } from '../src/capture.ts'
import { LedgerError } from '../src/errors/ledger-error.ts'
import type { Draft } from '../src/formats/fields.ts'
import { openLedger } from '../src/index.ts'
import { tellParent } from './tell-parent.ts'

const LANES = 4
/** Appends that go well, and then as many that do not. */
const BURST = 12

const [home = '', folder = ''] = process.argv.slice(2)
const ledger = await openLedger(home)
let appends = 0
const unsteady = {
  ...ledger,
  append: async (draft: Draft) => {
    if (Math.floor(appends++ / BURST) % 3 === 2) throw new LedgerError('not-committed', { problem: 'not now' })
    return ledger.append(draft)
  },
}
const spool = await openSpool({ folder, ledger: unsteady })
const audit = createAudit({ ledger: unsteady, spool, agent_name: 'clinic', policy: { tool: 'block' } })
tellParent({ state: 'open' })
// The next child starts faster: a process that is killed leaves no cache of its own accord.
flushCompileCache()

async function visit(conversation_id: string): Promise<void> {
  await audit.run({ conversation_id, actor_id: 'dr-adams' }, async () => {
    tellParent({ said: await audit.message('How is she?') })
    const model = {
      sdk: 'none',
      layer: 'client',
      operation: 'generate',
      stream: false,
      instructions: [],
      tools: [],
    } as const
    const call = await audit.beginModelCall({ ...model, model: 'm-1', messages: [], parameters: {} })
    await call.end({ ended: 'complete', answer: 'well' })
    tellParent({ answered: call.id })
    const tool = await audit.beginToolCall({ sdk: 'none', layer: 'client', name: 'get_chart', arguments: {} })
    tellParent({ running: tool.id })
    await tool.end({ ended: 'complete', result: 'chart' })
    tellParent({ ran: tool.id })
  })
}

async function workForEver(lane: number): Promise<void> {
  for (let number = 0; ; number++) {
    // What is refused did not happen, and is told to nobody.
    await visit(`${process.pid}-${lane}-${number}`).catch((error: unknown) => {
      if (!(error instanceof LedgerError)) throw error
    })
  }
}

await Promise.all(Array.from({ length: LANES }, (_, lane) => workForEver(lane)))
