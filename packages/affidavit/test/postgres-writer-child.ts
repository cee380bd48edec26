// A process that appends to a ledger in PostgreSQL at full speed until it is killed. On stdout, one JSON line for each
// acknowledgement, written before anything else happens. Arguments: URL of the database, ledger, name.

import pg from 'pg'

import { postgresStore } from '../src/stores/postgres/store.ts'
import { samples } from '../src/testing/sample-drafts.ts'
import { tellParent } from './tell-parent.ts'

const IN_FLIGHT = 4

const [connectionString = '', ledger = '', name = ''] = process.argv.slice(2)
const store = postgresStore({ pool: new pg.Pool({ connectionString, pipeline: true }) })
const { prepare, batch } = samples(ledger)

async function appendForEver(lane: number): Promise<void> {
  for (let i = 0; ; i++) {
    const drafts = Array.from({ length: 1 + (i % 3) }, () =>
      prepare({ actor_id: name, conversation_id: lane % 2 === 0 ? name : 'shared', subject_ids: [name, 'everybody'] }),
    )
    const placed = await store.commit({ ...batch(drafts), patienceMillis: 60_000 })
    for (const [j, one] of placed.entries()) {
      if (one.state === 'recorded') tellParent({ id: drafts[j]?.id, seq: one.seq, integrity_hash: one.integrity_hash })
      else throw new Error(`a new draft is ${one.state}`)
    }
  }
}

await Promise.all(Array.from({ length: IN_FLIGHT }, (_, lane) => appendForEver(lane)))
