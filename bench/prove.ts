// The proof of one record, against looking the record up by its primary key through the same store.

import { openFolder } from '../packages/affidavit/src/embedded/open.ts'
import { placeAt } from '../packages/affidavit/src/embedded/place.ts'
import { openStore } from '../packages/affidavit/src/embedded/store.ts'
import type { LedgerStore } from '../packages/affidavit/src/ledger/store.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, quantile, repeat, secondsOf } from './rounds.ts'

const PROOFS = 200

export async function measureProve({ ledgers, effort, records }: Context): Promise<Row[]> {
  const home = await ledgers.withRecords(records)
  let nodeReads = 0
  const store = countingReads(await openStore(placeAt(home)), () => nodeReads++)
  await using ledger = await openFolder(home, { store })
  const { size } = await ledger.publish()
  const anySeq = (): number => Math.floor(Math.random() * size)
  const lookUp = async (seq: number): Promise<unknown> =>
    store.entries(ledger.origin, { from_seq: seq, until_seq: seq + 1 }, { limit: 1, order: 'ascending' })

  const rounds = await repeat(effort === 'quick' ? 5 : 15, async () => {
    const round: { ours: number[]; raw: number[] } = { ours: [], raw: [] }
    for (let i = 0; i < PROOFS; i++) {
      round.ours.push((await secondsOf(() => ledger.prove(anySeq()))) * 1000)
      round.raw.push((await secondsOf(() => lookUp(anySeq()))) * 1000)
    }
    return round
  })
  await expectOneRead(
    () => ledger.prove(anySeq()),
    () => nodeReads,
  )
  return [0.5, 0.99].map((share) => ({
    measurement: 'prove',
    what: `proof of one record of ${records}, p${share * 100}`,
    against: 'look-up by primary key',
    unit: 'ms',
    ...compare(
      rounds,
      ({ ours }) => quantile(ours, share),
      ({ raw }) => quantile(raw, share),
    ),
    ...(share === 0.99 ? { budget: { kind: 'at most', ratio: 3 } } : {}),
  }))
}

function countingReads(store: LedgerStore, count: () => void): LedgerStore {
  return {
    ...store,
    nodes(ledger, ids) {
      count()
      return store.nodes(ledger, ids)
    },
  }
}

async function expectOneRead(prove: () => Promise<unknown>, nodeReads: () => number): Promise<void> {
  const before = nodeReads()
  await prove()
  const reads = nodeReads() - before
  if (reads !== 1) throw new Error(`a proof took ${reads} reads of tree nodes`)
}
