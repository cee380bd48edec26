// Verifying a whole ledger, against reading every entry from the same store and hashing it once.

import { fork } from 'node:child_process'
import { once } from 'node:events'

import { openLedger } from 'affidavit'

import { pinned } from '../packages/affidavit/src/cli/options.ts'
import { placeAt } from '../packages/affidavit/src/embedded/place.ts'
import { approversIn } from '../packages/affidavit/src/embedded/record-verification.ts'
import { verifyLedger } from '../packages/affidavit/src/embedded/verify-ledger.ts'
import { parseVerifierKey } from '../packages/affidavit/src/formats/verifier-key.ts'
import type { Trust } from '../packages/affidavit/src/verify/trust.ts'
import type { Context } from './context.ts'
import { readAndHash } from './reading.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'

export async function measureVerify(context: Context): Promise<Row[]> {
  return [...(await measureSpeed(context)), await measureMemory(context)]
}

async function measureSpeed({ ledgers, records }: Context): Promise<Row[]> {
  const home = await ledgers.withRecords(records)
  const vkey = await verifierKey(home)
  // A database in a server can compare its indexes only where somebody installed what that takes.
  const compares = placeAt(home).database === undefined
  const rate = async (threads: number, indexes: 'compared' | 'skipped'): Promise<number> =>
    records / (await secondsOf(() => verifyWell(home, vkey, threads, indexes)))
  const rounds = await repeat(3, async () => ({
    raw: records / (await secondsOf(() => readAndHash(home))),
    one: await rate(1, 'skipped'),
    two: await rate(2, 'skipped'),
    oneCompared: compares ? await rate(1, 'compared') : Number.NaN,
    twoCompared: compares ? await rate(2, 'compared') : Number.NaN,
  }))
  const row = (what: string, ours: (round: (typeof rounds)[number]) => number): Row => ({
    measurement: 'verify',
    what,
    against: 'read and hash, one thread',
    unit: 'records/s',
    ...compare(rounds, ours, ({ raw }) => raw),
  })
  const inside = compares ? 'thread' : 'connection'
  return [
    {
      ...row(`whole ledger, 1 ${inside}, indexes skipped`, ({ one }) => one),
      budget: { kind: 'at least', ratio: 0.5 },
    },
    {
      ...row(`whole ledger, 2 ${inside}s, indexes skipped`, ({ two }) => two),
      budget: { kind: 'at least', ratio: 0.9 },
    },
    ...(compares
      ? [
          row('whole ledger, 1 thread, indexes compared', ({ oneCompared }) => oneCompared),
          row('whole ledger, 2 threads, indexes compared', ({ twoCompared }) => twoCompared),
        ]
      : []),
  ]
}

async function measureMemory({ ledgers, effort, records }: Context): Promise<Row> {
  const [few, many] = effort === 'quick' ? [20_000, records] : [100_000, records]
  const small = await ledgers.withRecords(few)
  const large = await ledgers.withRecords(many)
  const rounds = [{ small: await peakMegabytes(small), large: await peakMegabytes(large) }]
  return {
    measurement: 'verify',
    what: `memory at its highest, ${many} records`,
    against: `${few} records`,
    unit: 'MB',
    ...compare(
      rounds,
      (round) => round.large,
      (round) => round.small,
    ),
    budget: { kind: 'at most', ratio: 1.25 },
  }
}

/** Verifies and insists on a good verdict: a benchmark of a failing verification would measure nothing. */
export async function verifyWell(
  home: string,
  vkey: string,
  threads: number,
  indexes: 'compared' | 'skipped',
): Promise<void> {
  const { status, findings } = await verifyLedger(placeAt(home), {
    part: { kind: 'whole', threads, indexes, onProgress: () => undefined },
    trust: pinned([vkey]),
    anchors: [],
    approvers: approversIn(home),
    content: 'listed',
    keys: 'used',
  })
  if (status !== 'valid') throw new Error(`${home} is ${status}: ${JSON.stringify(findings[0])}`)
}

export async function verifierKey(home: string): Promise<string> {
  await using ledger = await openLedger(home)
  return ledger.verifierKey()
}

export async function pinnedKey(home: string): Promise<Trust> {
  const key = parseVerifierKey(await verifierKey(home))
  if ('code' in key) throw new Error(`the ledger has no key to pin: ${key.code}`)
  return { kind: 'pinned', keys: [key] }
}

/** Verification in a process of its own, so that its memory is nobody else's. */
async function peakMegabytes(home: string): Promise<number> {
  const verifier = fork(new URL('./verify-process.ts', import.meta.url), [home])
  const exit = once(verifier, 'exit')
  const [peak]: number[] = await Promise.race([once(verifier, 'message'), exit.then(() => [])])
  await exit
  if (peak === undefined) throw new Error('the verifying process ended without an answer')
  return peak
}
