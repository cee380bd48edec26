// Verifying a ledger in PostgreSQL: one instant of it, on several connections side by side; verify/stored/* judges.

import { LedgerError } from '../../errors/ledger-error.ts'
import type { Report } from '../../verify/report.ts'
import { type ConversationOptions, verifyStoredConversation } from '../../verify/stored/conversation.ts'
import type { UnknownLedger } from '../../verify/stored/extent.ts'
import { type LedgerOptions, verifyStoredLedger } from '../../verify/stored/ledger.ts'
import { type RangeOptions, verifyStoredRange } from '../../verify/stored/range.ts'
import { type OpenedStore, runOnConnections } from '../../verify/stored/tasks.ts'
import { connectionsThrough } from '../../verify/stored/through-archive.ts'
import { unreadableReport } from '../../verify/stored/unreadable.ts'
import type { PgPool } from './database.ts'
import { inOurWords } from './errors.ts'
import { contentProblem, openSnapshot, type Snapshot } from './snapshot.ts'
import { storedLedgers } from './stored-log.ts'
import { canCompareIndexes, checkSchema } from './structure.ts'

/** A database, and what it is called for people: never with a password. */
export interface VerifiedDatabase {
  readonly pool: PgPool
  readonly where: string
}

export interface VerifyOptions extends LedgerOptions {
  /** Connections that read side by side; 2 where left out. */
  readonly connections?: number
}

/**
 * Verifies a whole ledger, reading only. Altered data never throws: it is what the report is for. A role that row-level security
 * holds for verifies what is its own.
 * @throws LedgerError `store-unavailable`, `not-found` (no such origin, or none that this role may see)
 */
export function verifyPostgres(database: VerifiedDatabase, options: VerifyOptions): Promise<Report> {
  const { connections = 2 } = options
  return reportOn(database, 'ledger', connections, async (store, snapshot) => {
    const compared = options.indexes === 'skipped' || (await canCompareIndexes(snapshot))
    return verifyStoredLedger(store, compared ? options : { ...options, indexes: 'unavailable' })
  })
}

/** Verifies the entries behind a trusted checkpoint. @throws LedgerError as verifyPostgres does */
export function verifyPostgresRange(database: VerifiedDatabase, options: RangeOptions): Promise<Report> {
  return reportOn(database, 'range', 1, (store) => verifyStoredRange(store, options))
}

/** Verifies one conversation. @throws LedgerError as verifyPostgres does */
export function verifyPostgresConversation(database: VerifiedDatabase, options: ConversationOptions): Promise<Report> {
  return reportOn(database, 'conversation', 1, (store) => verifyStoredConversation(store, options))
}

async function reportOn(
  { pool, where }: VerifiedDatabase,
  kind: Report['subject']['kind'],
  connections: number,
  judge: (store: OpenedStore, snapshot: Snapshot) => Promise<Report | UnknownLedger>,
): Promise<Report> {
  const snapshots: Snapshot[] = []
  try {
    const first = await openSnapshot(pool)
    snapshots.push(first)
    while (snapshots.length < connections) snapshots.push(await openSnapshot(pool, first.instant))
    const { findings, missing } = await checkSchema(first)
    if (missing.length > 0) {
      return unreadableReport({ where, findings }, kind, `without ${missing.join(', ')} nothing can be read`)
    }
    const all = snapshots.map(storedLedgers)
    const runTasks: OpenedStore['runTasks'] = async (tasks, onAnswer, archiveOf) =>
      runOnConnections(await connectionsThrough(all, archiveOf), tasks, onAnswer)
    const report = known(await judge({ where, ledgers: storedLedgers(first), runTasks, findings }, first), where)
    const { origin = '' } = report.subject
    if (findings.length === 0 && (await isHidden(first, origin))) throw hidden(where, origin)
    return report
  } catch (error) {
    const problem = contentProblem(error)
    if (problem !== undefined) return unreadableReport({ where, findings: [] }, kind, problem)
    throw inOurWords(error, 'verify')
  } finally {
    for (const snapshot of snapshots) await snapshot.close()
  }
}

// Of a ledger that anchors know and that is not there, whoever row-level security holds for cannot tell whether it is another role's. What
// hides it is as it was released: else the report says what was changed.
async function isHidden(snapshot: Snapshot, origin: string): Promise<boolean> {
  const [row] = await snapshot.rows(
    `SELECT row_security_active('affidavit.ledgers') AND NOT EXISTS (SELECT 1 FROM affidavit.ledgers l WHERE l.origin = $1)`,
    [origin],
  )
  return origin !== '' && row?.[0] === true
}

function hidden(where: string, origin: string): LedgerError {
  return new LedgerError('not-found', {
    problem: `${where} has no ledger ${origin} that this role may see: it belongs to another role, or was removed`,
    cure: 'verify as a member of the role that it belongs to, or as the owner of the schema, from whom no ledger is hidden: where it was removed, that finds it',
  })
}

function known(answer: Report | UnknownLedger, where: string): Report {
  if (!('unknown' in answer)) return answer
  throw new LedgerError('not-found', { problem: `${where} has no ledger ${answer.unknown}`, cure: answer.cure })
}
