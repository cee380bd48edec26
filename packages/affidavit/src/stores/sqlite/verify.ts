// Verifying an embedded ledger: threads read and hash stretches side by side; the verdict is verify/log.ts's.

import type { KeptLedger } from '../../verify/anchors.ts'
import type { KeptCheckpoint } from '../../verify/checkpoints.ts'
import type { ContentEvidence } from '../../verify/content.ts'
import { type JoinedLog, joinChunks, planChunks } from '../../verify/join.ts'
import { judgeLog } from '../../verify/log.ts'
import { judgePredecessor, successionOf } from '../../verify/predecessor.ts'
import type { Report } from '../../verify/report.ts'
import type { SqliteDatabase } from './database.ts'
import {
  anchoredSizes,
  type Chosen,
  chooseLedger,
  countEntries,
  readKeptCheckpoints,
  readLedgers,
  type Wanted,
} from './extent.ts'
import { reportOn } from './reading.ts'
import {
  type ContentOptions,
  contentReading,
  joinContents,
  openContents,
  sourceOf,
  talliesOf,
} from './verify-content.ts'
import type { VerifyAnswer, VerifyTask } from './verify-task.ts'
import { runTasks } from './verify-tasks.ts'

export interface VerifyOptions extends Wanted, ContentOptions {
  /** Threads that read and hash; as many as the machine runs at once where left out, at most 8; 0: in this thread. */
  readonly threads?: number
  /** Comparing every index with its table takes longer than everything else. */
  readonly indexes?: 'compared' | 'skipped'
  readonly onProgress?: (checked: number, total: number) => void
}

/**
 * Verifies the whole ledger in a database file, reading only. Altered data never throws: it is what the report is for.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, `not-found` (no such origin)
 */
export function verifySqlite(path: string, options: VerifyOptions): Promise<Report> {
  const { anchors, trust } = options
  return reportOn({ path, kind: 'ledger', anchors }, async (db, schemaFindings) => {
    const chosen = chooseLedger(db, path, options)
    const reading = { db, path, options }
    const { joined, checkpoints, content } = await readLog(reading, chosen, wholeDatabase(chosen, options))
    for (const found of schemaFindings) joined.findings.add(found)
    const others = readOthers(db, chosen)
    const before = await judgePredecessors(reading, chosen.origin, joined)
    return judgeLog({
      origin: chosen.origin,
      trust,
      joined,
      checkpoints,
      anchors,
      others,
      predecessors: before.origins,
      content: joinContents([content, ...before.contents]),
      notChecked: [...notChecked(chosen, before.origins, options), ...before.notChecked],
    })
  })
}

interface LogReading {
  readonly db: SqliteDatabase
  readonly path: string
  readonly options: VerifyOptions
}

interface ReadLog {
  readonly joined: JoinedLog
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly content: ContentEvidence
}

/** Reads and hashes a whole ledger, and does what else is to be done with the database meanwhile. */
async function readLog(
  { db, path, options }: LogReading,
  ledger: Pick<Chosen, 'origin' | 'ledgerNo'>,
  more: readonly VerifyTask[],
): Promise<ReadLog> {
  // Checkpoints before entries: everything they cover is committed by the time the entries are counted.
  const checkpoints = readKeptCheckpoints(db, ledger.ledgerNo)
  const { size, findings } = countEntries(db, ledger.ledgerNo)
  const tasks = [...more, ...planTasks(ledger, size, checkpoints, options)]
  const answers: VerifyAnswer[] = []
  await runTasks(db, { path, tasks, threads: options.threads, onAnswer: tellProgress(answers, size, options) })
  const joined = joinChunks(answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.result] : [])))
  const apart = answers.flatMap((answer) => (answer.kind === 'structure' ? answer.findings : []))
  for (const found of [...findings, ...apart]) joined.findings.add(found)
  const { origin, ledgerNo = 0 } = ledger
  const tally = talliesOf(answers)
  const source = sourceOf(db, { ledger: origin, ledgerNo, from: 0, to: size })
  const content = await openContents(db, { tally, source }, options, joined.findings)
  return { joined: { ...joined, size }, checkpoints, content }
}

function readOthers(db: SqliteDatabase, { others }: Chosen): KeptLedger[] {
  return readLedgers(db)
    .filter(({ origin }) => others.includes(origin))
    .map(({ origin, ledgerNo }) => ({ origin, checkpoints: readKeptCheckpoints(db, ledgerNo) }))
}

/** Verifies the ledgers that came before a restore, one by one; adds what is found to `joined`. */
async function judgePredecessors(
  reading: LogReading,
  origin: string,
  { keyEntries, findings }: JoinedLog,
): Promise<{
  readonly origins: readonly string[]
  readonly notChecked: readonly string[]
  readonly contents: readonly ContentEvidence[]
}> {
  const { trust, anchors } = reading.options
  const rows = readLedgers(reading.db)
  const origins = new Set<string>()
  const notChecked: string[] = []
  const contents: ContentEvidence[] = []
  let succession = successionOf(origin, keyEntries)
  while (succession !== undefined && succession.origin !== origin && !origins.has(succession.origin)) {
    const previous: string = succession.origin
    origins.add(previous)
    const row = rows.find((one) => one.origin === previous)
    const read = row === undefined ? undefined : await readLog(withoutProgress(reading), row, [])
    const { joined, checkpoints = [] } = read ?? {}
    if (read !== undefined) contents.push(read.content)
    notChecked.push(...judgePredecessor({ succession, trust, joined, checkpoints, anchors }, findings))
    succession = successionOf(previous, joined?.keyEntries ?? [])
  }
  return { origins: [...origins], notChecked, contents }
}

function withoutProgress({ options: { onProgress: _, ...options }, ...reading }: LogReading): LogReading {
  return { ...reading, options }
}

// The longest first.
function wholeDatabase({ ledgerNo }: Chosen, { indexes }: VerifyOptions): VerifyTask[] {
  return [...(indexes === 'skipped' ? [] : [{ kind: 'indexes' } as const]), { kind: 'strays', ledgerNo }]
}

function planTasks(
  { origin, ledgerNo }: Pick<Chosen, 'origin' | 'ledgerNo'>,
  size: number,
  checkpoints: readonly KeptCheckpoint[],
  options: VerifyOptions,
): VerifyTask[] {
  const { anchors } = options
  const payloadBytes = contentReading(options)
  const sizes = [...checkpoints.map((kept) => kept.size), ...anchoredSizes(anchors)]
  const chunks = ledgerNo === undefined ? [] : planChunks(origin, size, sizes)
  return chunks.flatMap((chunk) =>
    ledgerNo === undefined ? [] : [{ kind: 'chunk', ledgerNo, chunk, payloadBytes } as const],
  )
}

function tellProgress(
  answers: VerifyAnswer[],
  size: number,
  { onProgress }: VerifyOptions,
): (answer: VerifyAnswer) => void {
  let checked = 0
  return (answer) => {
    answers.push(answer)
    if (answer.kind === 'chunk') checked += answer.result.checked
    onProgress?.(checked, size)
  }
}

function notChecked({ others }: Chosen, judged: readonly string[], { indexes }: VerifyOptions): string[] {
  const unread = others.filter((other) => !judged.includes(other))
  return [
    ...unread.map((other) => `${other}: another ledger in this database; verify it with --origin`),
    ...(indexes === 'skipped' ? ['the search indexes: skipped as asked; a search might miss records'] : []),
  ]
}
