// A process that appends a few records, one at a time, publishes now and then, and closes, whatever fails. Tells what it
// was told. Arguments: folder, number of records. The records are the same in every run.

import { LedgerError } from '../src/errors/ledger-error.ts'
import { openLedger } from '../src/index.ts'
import { diskDraft } from './disk-draft.ts'
import { tellParent } from './tell-parent.ts'

const [folder = '', count = '0'] = process.argv.slice(2)
const never = 3_600_000

const ledger = await openLedger(folder, {
  publish: { intervalMillis: never, heartbeatMillis: never },
  patienceMillis: 500,
}).catch(tellFailure)
if (ledger !== undefined) {
  for (let i = 0; i < Number(count); i++) {
    await ledger.append(diskDraft(i)).then(tellPlace, tellFailure)
    if (i % 3 === 2) await ledger.publish().then(({ size }) => tellParent({ published: size }), tellFailure)
  }
  await ledger.close().then(() => tellParent({ closed: true }), tellFailure)
}

function tellPlace({
  id,
  state,
  seq,
  integrity_hash,
}: {
  id: string
  state: string
  seq: number
  integrity_hash: string
}) {
  tellParent({ id, state, seq, integrity_hash })
}

// Every failure is in the library's words: anything else ends the process, and the test.
function tellFailure(error: unknown): undefined {
  if (!(error instanceof LedgerError)) throw error
  tellParent({ failed: error.code })
}
