// Verification opens a database like everybody else, but what its bytes keep from being read is a finding.

import { LedgerError } from '../../errors/ledger-error.ts'
import type { Anchor } from '../../verify/anchors.ts'
import { createFindings, type Finding, finding } from '../../verify/finding.ts'
import { type Report, report } from '../../verify/report.ts'
import { connectSqliteForReading, storeError } from './connect.ts'
import { type SqliteDatabase, sqliteCode } from './database.ts'
import { checkSchema } from './structure.ts'
import { unreadableProblem } from './unreadable.ts'

export interface Reading {
  readonly path: string
  readonly kind: Report['subject']['kind']
  readonly anchors: readonly Anchor[]
}

/**
 * The report of `judge` on the database in a file, whose schema was checked; where the file cannot be read, the report
 * that it cannot.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `store-unavailable`, and what `judge` throws
 */
export async function reportOn(
  reading: Reading,
  judge: (db: SqliteDatabase, schemaFindings: readonly Finding[]) => Promise<Report>,
): Promise<Report> {
  let db: SqliteDatabase | undefined
  let schemaFindings: readonly Finding[] = []
  try {
    db = connectSqliteForReading(reading.path)
    const { findings, missing } = checkSchema(db)
    schemaFindings = findings
    if (missing.length === 0) return await judge(db, findings)
    return unreadableReport(reading, findings, `without the tables ${missing.join(', ')} nothing can be read`)
  } catch (error) {
    const problem = unreadableProblem(error) ?? foreignProblem(error, reading)
    if (problem === undefined) throw sqliteCode(error) === undefined ? error : storeError(error, 'verify')
    return unreadableReport(reading, schemaFindings, problem)
  } finally {
    db?.close()
  }
}

// A file that is no ledger, or is not there, may be the wrong file. Where checkpoints lie beside it, it is what became of
// the ledger.
function foreignProblem(error: unknown, { anchors }: Reading): string | undefined {
  if (!(error instanceof LedgerError) || error.code !== 'not-a-ledger') return undefined
  return anchors.some(({ kind, notes }) => kind === 'local' && notes.length > 0) ? error.problem : undefined
}

function unreadableReport({ path, kind }: Reading, others: readonly Finding[], problem: string): Report {
  const findings = createFindings()
  for (const found of others) findings.add(found)
  findings.add(finding('database-unreadable', { what: path }, problem))
  const unknown = { verdict: 'not checked', says: 'not checked: the database cannot be read' }
  return report({
    subject: { kind },
    checked: 0,
    findings,
    entries: 'some',
    axes: {
      content: unknown,
      order: unknown,
      completeness: unknown,
      signer: unknown,
      time: unknown,
      anchor: unknown,
    },
    notChecked: [
      'everything that the database holds: keep the file as evidence; verify an export or a backup beside it',
    ],
  })
}
