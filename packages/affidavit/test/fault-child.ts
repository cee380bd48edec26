// A process that runs the fault scenario until it is killed at a chosen write, telling on stdout what it was told.
// Arguments: folder, `database` or `file`, number of the write, fault.

import { type WriteFault, writeFaults } from '../src/testing/write-faults.ts'
import { runScenario } from './fault-scenario.ts'
import { tellParent } from './tell-parent.ts'

const [folder = '', broken = '', at = '', fault = ''] = process.argv.slice(2)
const plan = new Map<number, WriteFault>([[Number(at), fault === 'killed-after' ? 'killed-after' : 'killed-before']])
await runScenario(
  {
    folder,
    database: writeFaults(broken === 'database' ? plan : new Map()),
    file: writeFaults(broken === 'file' ? plan : new Map()),
    reopen: 'possible',
  },
  tellParent,
)
