// Verifying an embedded ledger: threads read and hash stretches side by side; the verdict is verify/log.ts's.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import { LedgerError } from '../../ledger/errors.ts'
import type { Anchor } from '../../verify/anchors.ts'
import type { KeptCheckpoint } from '../../verify/checkpoints.ts'
import { type Finding, finding } from '../../verify/finding.ts'
import { joinChunks, planChunks } from '../../verify/join.ts'
import { judgeLog } from '../../verify/log.ts'
import type { Report } from '../../verify/report.ts'
import type { Trust } from '../../verify/trust.ts'
import { connectSqliteForReading } from './connect.ts'
import { integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { checkpointOf } from './read.ts'
import { prepareStatements, type Statements } from './statements.ts'
import type { VerifyAnswer, VerifyTask } from './verify-thread.ts'

export interface VerifyOptions {
  readonly trust: Trust
  readonly anchors: readonly Anchor[]
  /** The ledger in the store; the newest where left out. */
  readonly origin?: string
  /** Threads that read and hash; as many as the machine runs at once where left out, at most 8. */
  readonly threads?: number
  /** Comparing every index with its table takes longer than everything else. */
  readonly indexes?: 'compared' | 'skipped'
  readonly onProgress?: (checked: number, total: number) => void
}

/** What of a log is there to be verified, as of now. */
interface Extent {
  readonly origin: string
  readonly ledgerNo: number
  readonly size: number
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly others: readonly string[]
  readonly findings: readonly Finding[]
}

/** Fewer missing entries than this are looked for one by one; more mean that a seq was made up. */
const MAX_HOLE = 10_000_000

/**
 * Verifies the whole ledger in a database file, reading only. Altered data never throws: it is what the report is for.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, `not-found` (no such origin)
 */
export async function verifySqlite(path: string, options: VerifyOptions): Promise<Report> {
  const extent = readExtent(path, options.origin)
  const { origin, ledgerNo, size } = extent
  const chunks = planChunks(origin, size, [
    ...extent.checkpoints.map((kept) => kept.size),
    ...anchoredSizes(options.anchors),
  ])
  const tasks: VerifyTask[] = chunks.map((chunk) => ({ kind: 'chunk', ledgerNo, chunk }))
  if (options.indexes !== 'skipped') tasks.unshift({ kind: 'structure' })
  const answers = await runTasks(path, tasks, options, size)
  const joined = joinChunks(answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.result] : [])))
  for (const found of extent.findings) joined.findings.add(found)
  for (const answer of answers)
    if (answer.kind === 'structure') for (const found of answer.findings) joined.findings.add(found)
  return judgeLog({
    origin,
    trust: options.trust,
    joined: { ...joined, size },
    checkpoints: extent.checkpoints,
    keeps: 'every checkpoint',
    anchors: options.anchors,
    notChecked: notChecked(extent, options),
  })
}

function notChecked({ others }: Extent, { indexes }: VerifyOptions): string[] {
  return [
    ...others.map((other) => `${other}: an earlier incarnation in this database; verify it with --origin`),
    ...(indexes === 'skipped' ? ['the search indexes: skipped as asked; a search might miss records'] : []),
  ]
}

/** Sizes that anchors speak of, read loosely: whether a note holds is judged later. */
export function anchoredSizes(anchors: readonly Anchor[]): number[] {
  return anchors.flatMap(({ notes }) =>
    notes.map((note) => Number(note.split('\n', 2)[1])).filter(Number.isSafeInteger),
  )
}

function readExtent(path: string, wanted: string | undefined): Extent {
  const db = connectSqliteForReading(path)
  try {
    const statements = prepareStatements(db)
    const origins = statements.ledgers.all().map((row) => textColumn(row, 'origin'))
    const origin = wanted ?? origins.at(-1)
    const row = origin === undefined ? undefined : statements.ledgerNo.get(origin)
    if (origin === undefined || row === undefined) throw noSuchLedger(path, wanted, origins)
    const ledgerNo = integerColumn(row, 'ledger_no')
    // Checkpoints first: everything they cover is committed by the time the entries are counted.
    const checkpoints = readCheckpoints(statements, ledgerNo)
    return {
      origin,
      ledgerNo,
      checkpoints,
      others: origins.filter((other) => other !== origin),
      ...countEntries(db, ledgerNo),
    }
  } finally {
    db.close()
  }
}

function readCheckpoints(statements: Statements, ledgerNo: number): KeptCheckpoint[] {
  return statements.checkpoints
    .all(ledgerNo, -1, Number.MAX_SAFE_INTEGER)
    .map((row) => checkpointOf(statements, ledgerNo, row))
}

function countEntries(db: SqliteDatabase, ledgerNo: number): { size: number; findings: Finding[] } {
  const row = db
    .prepare('SELECT count(*) AS n, coalesce(max(seq), -1) AS last FROM entries WHERE ledger_no = ? AND seq >= 0')
    .get(ledgerNo)
  const count = integerColumn(row, 'n')
  const size = integerColumn(row, 'last') + 1
  if (size - count <= MAX_HOLE) return { size, findings: [] }
  const surplus = finding(
    'entry-surplus',
    { seq: size - 1 },
    `an entry stands at seq ${size - 1} in a ledger of ${count}`,
  )
  return { size: count, findings: [surplus] }
}

async function runTasks(
  path: string,
  tasks: readonly VerifyTask[],
  options: VerifyOptions,
  total: number,
): Promise<VerifyAnswer[]> {
  const waiting = [...tasks]
  const answers: VerifyAnswer[] = []
  let checked = 0
  const threads = Math.min(options.threads ?? Math.min(8, availableParallelism()), Math.max(1, tasks.length))
  await Promise.all(
    Array.from({ length: threads }, () =>
      runThread(
        path,
        () => waiting.shift(),
        (answer) => {
          answers.push(answer)
          if (answer.kind === 'chunk') checked += answer.result.checked
          options.onProgress?.(checked, total)
        },
      ),
    ),
  )
  return answers
}

function runThread(
  path: string,
  next: () => VerifyTask | undefined,
  done: (answer: VerifyAnswer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = import.meta.url.endsWith('.ts') ? './verify-thread.ts' : './verify-thread.js'
    const worker = new Worker(new URL(file, import.meta.url), { workerData: { path }, name: 'affidavit verify' })
    const goOn = (): void => {
      const task = next()
      if (task === undefined) worker.terminate().then(() => resolve(), reject)
      else worker.postMessage(task)
    }
    worker.on('message', (answer: VerifyAnswer) => {
      if (answer.kind === 'failed') {
        reject(unreadable(path, answer.message))
        worker.terminate().catch(reject)
        return
      }
      done(answer)
      goOn()
    })
    worker.on('error', reject)
    goOn()
  })
}

function unreadable(path: string, message: string): LedgerError {
  return new LedgerError('store-corrupt', {
    problem: `${path} cannot be read to its end: ${message}`,
    cure: 'keep the file as evidence; verify an export or a backup beside it',
  })
}

function noSuchLedger(path: string, wanted: string | undefined, origins: readonly string[]): LedgerError {
  const there = origins.length === 0 ? 'it holds none' : `it holds ${origins.join(', ')}`
  return new LedgerError('not-found', { problem: `${path} has no ledger ${wanted ?? ''}`.trimEnd(), cure: there })
}
