// Verification opens a database like everybody else, but what its bytes keep from being read is a finding.

import { LedgerError } from '../../errors/ledger-error.ts'
import type { Anchor } from '../../verify/anchors.ts'
import type { Finding } from '../../verify/finding.ts'
import type { Report } from '../../verify/report.ts'
import type { UnknownLedger } from '../../verify/stored/extent.ts'
import type { OpenedStore } from '../../verify/stored/tasks.ts'
import { unreadableReport } from '../../verify/stored/unreadable.ts'
import { connectSqliteForReading, storeError } from './connect.ts'
import { type SqliteDatabase, sqliteCode } from './database.ts'
import { storedLedgers } from './stored-log.ts'
import { checkSchema } from './structure.ts'
import { unreadableProblem } from './unreadable.ts'
import { runTasks } from './verify-tasks.ts'

export interface Reading {
  readonly path: string
  readonly kind: Report['subject']['kind']
  readonly anchors: readonly Anchor[]
  /** As many as the machine runs at once where undefined, at most 8; 0: in this thread. */
  readonly threads: number | undefined
}

/**
 * The report of `judge` on the database in a file, whose schema was checked; where the file cannot be read, the report
 * that it cannot.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, `not-found` (no such origin)
 */
export async function reportOn(
  reading: Reading,
  judge: (store: OpenedStore) => Promise<Report | UnknownLedger>,
): Promise<Report> {
  const { path, kind, threads } = reading
  let db: SqliteDatabase | undefined
  let findings: readonly Finding[] = []
  try {
    db = connectSqliteForReading(path)
    const schema = checkSchema(db)
    findings = schema.findings
    if (schema.missing.length > 0) {
      const problem = `without the tables ${schema.missing.join(', ')} nothing can be read`
      return unreadableReport({ where: path, findings }, kind, problem)
    }
    const ledgers = storedLedgers(db)
    return known(await judge({ where: path, ledgers, runTasks: runTasks({ path, ledgers, threads }), findings }), path)
  } catch (error) {
    const problem = unreadableProblem(error) ?? foreignProblem(error, reading)
    if (problem === undefined) throw sqliteCode(error) === undefined ? error : storeError(error, 'verify')
    return unreadableReport({ where: path, findings }, kind, problem)
  } finally {
    db?.close()
  }
}

function known(answer: Report | UnknownLedger, path: string): Report {
  if (!('unknown' in answer)) return answer
  throw new LedgerError('not-found', { problem: `${path} has no ledger ${answer.unknown}`, cure: answer.cure })
}

// A file that is no ledger, or is not there, may be the wrong file. Where checkpoints lie beside it, it is what became of
// the ledger.
function foreignProblem(error: unknown, { anchors }: Reading): string | undefined {
  if (!(error instanceof LedgerError) || error.code !== 'not-a-ledger') return undefined
  return anchors.some(({ kind, notes }) => kind === 'local' && notes.length > 0) ? error.problem : undefined
}
