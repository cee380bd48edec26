// Verifying an embedded ledger: threads read and hash stretches side by side; the verdict is verify/log.ts's.

import type { KeptCheckpoint } from '../../verify/checkpoints.ts'
import { joinChunks, planChunks } from '../../verify/join.ts'
import { judgeLog } from '../../verify/log.ts'
import type { Report } from '../../verify/report.ts'
import { anchoredSizes, type Chosen, chooseLedger, countEntries, readKeptCheckpoints, type Wanted } from './extent.ts'
import { reportOn } from './reading.ts'
import type { VerifyAnswer, VerifyTask } from './verify-task.ts'
import { runTasks } from './verify-tasks.ts'

export interface VerifyOptions extends Wanted {
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
  const { anchors, trust, threads } = options
  return reportOn({ path, kind: 'ledger', anchors }, async (db, schemaFindings) => {
    const chosen = chooseLedger(db, path, options)
    // Checkpoints before entries: everything they cover is committed by the time the entries are counted.
    const checkpoints = readKeptCheckpoints(db, chosen.ledgerNo)
    const { size, findings } = countEntries(db, chosen.ledgerNo)
    const tasks = planTasks(chosen, size, checkpoints, options)
    const answers: VerifyAnswer[] = []
    await runTasks(db, { path, tasks, threads, onAnswer: tellProgress(answers, size, options) })
    const joined = joinChunks(answers.flatMap((answer) => (answer.kind === 'chunk' ? [answer.result] : [])))
    const apart = answers.flatMap((answer) => (answer.kind === 'structure' ? answer.findings : []))
    for (const found of [...schemaFindings, ...findings, ...apart]) joined.findings.add(found)
    return judgeLog({
      origin: chosen.origin,
      trust,
      joined: { ...joined, size },
      checkpoints,
      anchors,
      notChecked: notChecked(chosen, options),
    })
  })
}

function planTasks(
  { origin, ledgerNo }: Chosen,
  size: number,
  checkpoints: readonly KeptCheckpoint[],
  { anchors, indexes }: VerifyOptions,
): VerifyTask[] {
  const sizes = [...checkpoints.map((kept) => kept.size), ...anchoredSizes(anchors)]
  const chunks = ledgerNo === undefined ? [] : planChunks(origin, size, sizes)
  return [
    // The longest first.
    ...(indexes === 'skipped' ? [] : [{ kind: 'indexes' } as const]),
    { kind: 'strays', ledgerNo },
    ...chunks.flatMap((chunk) => (ledgerNo === undefined ? [] : [{ kind: 'chunk', ledgerNo, chunk } as const])),
  ]
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

function notChecked({ others }: Chosen, { indexes }: VerifyOptions): string[] {
  return [
    ...others.map((other) => `${other}: another ledger in this database; verify it with --origin`),
    ...(indexes === 'skipped' ? ['the search indexes: skipped as asked; a search might miss records'] : []),
  ]
}
