// Verifying a whole ledger of a store: stretches are read and hashed side by side; the verdict is verify/log.ts's.

import { type KeptLedger, withLater } from '../anchors.ts'
import type { KeptCheckpoint } from '../checkpoints.ts'
import type { ContentEvidence } from '../content.ts'
import type { ReleasedHolds } from '../hold-releases.ts'
import { type JoinedLog, joinChunks, planChunks } from '../join.ts'
import { isNothing, judgeLeft } from '../left.ts'
import { judgeLog } from '../log.ts'
import { judgePredecessor, successionOf } from '../predecessor.ts'
import type { Report } from '../report.ts'
import { type ContentOptions, contentReading, joinContents, openContents, talliesOf } from './contents.ts'
import {
  anchoredSizes,
  type Chosen,
  chooseLedger,
  measure,
  otherLedger,
  type UnknownLedger,
  type Wanted,
} from './extent.ts'
import {
  type LeftOptions,
  papersFrom,
  readHoldRecords,
  readLaterRecords,
  readLeaveRecords,
  releasesFrom,
} from './leave-records.ts'
import { contentOfStretch } from './sealed-contents.ts'
import type { LedgerNo, ListedLedger, StoredLedgers, StoredLog } from './stored-log.ts'
import type { OpenedStore, VerifyAnswer, VerifyTask } from './tasks.ts'
import { throughArchive } from './through-archive.ts'

export interface LedgerOptions extends Wanted, ContentOptions, LeftOptions {
  /** Comparing every index with its table takes longer than everything else. `unavailable`: the store cannot. */
  readonly indexes?: 'compared' | 'skipped' | 'unavailable'
  readonly onProgress?: (checked: number, total: number) => void
}

/** Verifies a whole ledger, and those that came before a restore. Altered data never throws: it is what the report is for. */
export async function verifyStoredLedger(opened: OpenedStore, options: LedgerOptions): Promise<Report | UnknownLedger> {
  const store = throughArchive(opened, options.archiveOf)
  const chosen = await chooseLedger(store.ledgers, options)
  if ('unknown' in chosen) return chosen
  const reading = { store, options, listed: chosen.listed }
  const { joined, checkpoints, content, released } = await readLog(reading, chosen, wholeStore(chosen, options))
  for (const found of store.findings) joined.findings.add(found)
  const others = await readOthers(store.ledgers, chosen)
  const before = await judgePredecessors(reading, chosen.origin, joined)
  return judgeLog({
    origin: chosen.origin,
    trust: options.trust,
    joined,
    checkpoints,
    anchors: await withLater(options.anchors),
    others,
    predecessors: before.origins,
    content: joinContents([content, ...before.contents]),
    released,
    notChecked: [...notChecked(chosen, before.origins, options), ...before.notChecked],
  })
}

interface LogReading {
  readonly store: OpenedStore
  readonly options: LedgerOptions
  /** Every ledger of the store. */
  readonly listed: readonly ListedLedger[]
}

interface ReadLog {
  readonly joined: JoinedLog
  readonly checkpoints: readonly KeptCheckpoint[]
  readonly content: ContentEvidence
  readonly released: ReleasedHolds
}

interface Ledger {
  readonly origin: string
  readonly no: LedgerNo | undefined
  readonly log: StoredLog
}

/** Reads and hashes a whole ledger, and does what else is to be done with the store meanwhile. */
async function readLog(
  { store: { ledgers, runTasks }, options, listed }: LogReading,
  { origin, no, log }: Ledger,
  more: readonly VerifyTask[],
): Promise<ReadLog> {
  // Checkpoints before entries: everything they cover is committed by the time the entries are counted.
  const checkpoints = await log.checkpoints(0)
  const { size, findings } = await measure(log)
  const answers: VerifyAnswer[] = []
  const tasks = [...more, ...planTasks({ origin, no }, size, checkpoints, options)]
  await runTasks(tasks, tellProgress(answers, size, options))
  const joined = joinChunks(answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.result] : [])))
  const apart = answers.flatMap((answer) => (answer.kind === 'structure' ? answer.findings : []))
  for (const found of [...findings, ...apart]) joined.findings.add(found)
  const left = isNothing(joined.left)
    ? joined.left
    : judgeLeft(
        joined.left,
        papersFrom(
          origin,
          [...(await readLeaveRecords(log)), ...(await readLaterRecords(ledgers, listed, origin))],
          options,
        ),
        size - 1,
        joined.findings,
      )
  const released = releasesFrom(origin, await readHoldRecords(log), options, joined.findings)
  const tally = talliesOf(answers)
  const source = contentOfStretch({ ledgers, listed, origin, no, log, size }, 0)
  const content = await openContents({ tally, source }, options, joined.findings)
  return { joined: { ...joined, left, size }, checkpoints, content, released }
}

async function readOthers(ledgers: StoredLedgers, { others }: Chosen): Promise<KeptLedger[]> {
  const kept: KeptLedger[] = []
  for (const { origin, no } of others) kept.push({ origin, checkpoints: await ledgers.log(no).checkpoints(0) })
  return kept
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
  const origins = new Set<string>()
  const notChecked: string[] = []
  const contents: ContentEvidence[] = []
  let succession = successionOf(origin, keyEntries)
  while (succession !== undefined && succession.origin !== origin && !origins.has(succession.origin)) {
    const previous: string = succession.origin
    origins.add(previous)
    const read = await readPredecessor(reading, previous)
    const { joined, checkpoints = [] } = read ?? {}
    if (read !== undefined) contents.push(read.content)
    notChecked.push(...judgePredecessor({ succession, trust, joined, checkpoints, anchors }, findings))
    succession = successionOf(previous, joined?.keyEntries ?? [])
  }
  return { origins: [...origins], notChecked, contents }
}

// The progress that is told is that of the ledger that was asked for.
async function readPredecessor(reading: LogReading, origin: string): Promise<ReadLog | undefined> {
  const ledger = reading.listed.find((one) => one.origin === origin)
  if (ledger === undefined) return undefined
  const { onProgress: _, ...options } = reading.options
  const log = reading.store.ledgers.log(ledger.no)
  return readLog({ ...reading, options }, { origin, no: ledger.no, log }, [])
}

// The longest first.
function wholeStore({ no }: Chosen, { indexes }: LedgerOptions): VerifyTask[] {
  const isLeftOut = indexes === 'skipped' || indexes === 'unavailable'
  const parts = isLeftOut ? (['strays'] as const) : (['indexes', 'strays'] as const)
  return parts.map((part) => ({ kind: 'structure', part, chosen: no }))
}

function planTasks(
  { origin, no }: Pick<Ledger, 'origin' | 'no'>,
  size: number,
  checkpoints: readonly KeptCheckpoint[],
  options: LedgerOptions,
): VerifyTask[] {
  if (no === undefined) return []
  const payloadBytes = contentReading(options)
  const sizes = [...checkpoints.map((kept) => kept.size), ...anchoredSizes(options.anchors)]
  return planChunks(origin, size, sizes).map((chunk) => ({ kind: 'chunk', ledger: no, chunk, payloadBytes }))
}

function tellProgress(
  answers: VerifyAnswer[],
  size: number,
  { onProgress }: LedgerOptions,
): (answer: VerifyAnswer) => void {
  let checked = 0
  return (answer) => {
    answers.push(answer)
    if (answer.kind === 'chunk') checked += answer.result.checked
    onProgress?.(checked, size)
  }
}

function notChecked({ others }: Chosen, judged: readonly string[], { indexes }: LedgerOptions): string[] {
  const unread = others.filter(({ origin }) => !judged.includes(origin))
  return [
    ...unread.map(otherLedger),
    ...(indexes === 'skipped' ? ['the search indexes: skipped as asked; a search might miss records'] : []),
    ...(indexes === 'unavailable' ? [NOT_COMPARED] : []),
  ]
}

const NOT_COMPARED =
  'the search indexes: this database cannot compare them for this role (CREATE EXTENSION amcheck, and EXECUTE on bt_index_check); a search might miss records'
