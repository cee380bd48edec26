// Verifying a whole ledger, against reading every entry from the same store and hashing it once.

import { fork } from 'node:child_process'
import { once } from 'node:events'

import { openLedger } from 'affidavit'

import { sha256 } from '../packages/affidavit/src/crypto/sha256.ts'
import { databaseFile } from '../packages/affidavit/src/embedded/folder.ts'
import { parseVerifierKey } from '../packages/affidavit/src/formats/verifier-key.ts'
import { connectSqliteForReading } from '../packages/affidavit/src/stores/sqlite/connect.ts'
import { blobColumn, integerColumn } from '../packages/affidavit/src/stores/sqlite/database.ts'
import { verifySqlite } from '../packages/affidavit/src/stores/sqlite/verify.ts'
import type { Trust } from '../packages/affidavit/src/verify/trust.ts'
import type { Context } from './context.ts'
import type { Row } from './report.ts'
import { compare, repeat, secondsOf } from './rounds.ts'

const PAGE = 512

export async function measureVerify(context: Context): Promise<Row[]> {
  return [...(await measureSpeed(context)), await measureMemory(context)]
}

async function measureSpeed({ ledgers, records }: Context): Promise<Row[]> {
  const path = databaseFile(await ledgers.withRecords(records))
  const trust = await pinnedKey(await ledgers.withRecords(records))
  const rate = async (threads: number, indexes: 'compared' | 'skipped'): Promise<number> =>
    records / (await secondsOf(() => verifyWell(path, trust, threads, indexes)))
  const rounds = await repeat(3, async () => ({
    raw: records / (await secondsOf(() => readAndHash(path))),
    one: await rate(1, 'skipped'),
    two: await rate(2, 'skipped'),
    oneCompared: await rate(1, 'compared'),
    twoCompared: await rate(2, 'compared'),
  }))
  const row = (what: string, ours: (round: (typeof rounds)[number]) => number): Row => ({
    measurement: 'verify',
    what,
    against: 'read and hash, one thread',
    unit: 'records/s',
    ...compare(rounds, ours, ({ raw }) => raw),
  })
  return [
    { ...row('whole ledger, 1 thread, indexes skipped', ({ one }) => one), budget: { kind: 'at least', ratio: 0.5 } },
    { ...row('whole ledger, 2 threads, indexes skipped', ({ two }) => two), budget: { kind: 'at least', ratio: 0.9 } },
    row('whole ledger, 1 thread, indexes compared', ({ oneCompared }) => oneCompared),
    row('whole ledger, 2 threads, indexes compared', ({ twoCompared }) => twoCompared),
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
  path: string,
  trust: Trust,
  threads: number,
  indexes: 'compared' | 'skipped',
): Promise<void> {
  const { status, findings } = await verifySqlite(path, { trust, anchors: [], threads, indexes })
  if (status !== 'valid') throw new Error(`${path} is ${status}: ${JSON.stringify(findings[0])}`)
}

export async function pinnedKey(folder: string): Promise<Trust> {
  await using ledger = await openLedger(folder)
  const key = parseVerifierKey(await ledger.verifierKey())
  if ('code' in key) throw new Error(`the ledger has no key to pin: ${key.code}`)
  return { kind: 'pinned', keys: [key] }
}

function readAndHash(path: string): void {
  const db = connectSqliteForReading(path)
  const page = db.prepare('SELECT seq, entry, nodes FROM entries WHERE ledger_no = 1 AND seq >= ? ORDER BY seq LIMIT ?')
  for (let next = 0, rows = page.all(next, PAGE); rows.length > 0; rows = page.all(next, PAGE)) {
    for (const row of rows) {
      sha256(blobColumn(row, 'entry'))
      next = integerColumn(row, 'seq') + 1
    }
  }
  db.close()
}

/** Verification in a process of its own, so that its memory is nobody else's. */
async function peakMegabytes(folder: string): Promise<number> {
  const verifier = fork(new URL('./verify-process.ts', import.meta.url), [folder])
  const exit = once(verifier, 'exit')
  const [peak]: number[] = await Promise.race([once(verifier, 'message'), exit.then(() => [])])
  await exit
  if (peak === undefined) throw new Error('the verifying process ended without an answer')
  return peak
}
