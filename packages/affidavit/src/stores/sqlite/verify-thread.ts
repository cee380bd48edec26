// A worker thread that verifies: one read-only connection, one task after another (verify-tasks.ts hands them out).

import { parentPort, workerData } from 'node:worker_threads'

import { LedgerError } from '../../errors/ledger-error.ts'
import { connectSqliteForReading, storeError } from './connect.ts'
import { type SqliteDatabase, sqliteCode } from './database.ts'
import { unreadableProblem } from './unreadable.ts'
import { runTask, type VerifyAnswer, type VerifyTask } from './verify-task.ts'

/** A failure of the world as it crosses to the other thread; a bug of ours ends the thread instead. */
export interface TaskFailure {
  readonly kind: 'failed'
  readonly code: LedgerError['code']
  readonly problem: string
  readonly cure?: string
}

if (parentPort !== null) serve(parentPort, workerData)

function serve(port: NonNullable<typeof parentPort>, { path }: { readonly path: string }): void {
  let open: SqliteDatabase | undefined
  const db = (): SqliteDatabase => {
    open ??= connectSqliteForReading(path)
    return open
  }
  port.on('message', (task: VerifyTask) => port.postMessage(answer(db, task)))
}

function answer(db: () => SqliteDatabase, task: VerifyTask): VerifyAnswer | TaskFailure {
  try {
    return runTask(db(), task)
  } catch (error) {
    return { kind: 'failed', ...failureOf(error) }
  }
}

// A bug of ours is no failure of the world: it ends the thread.
function failureOf(error: unknown): Omit<TaskFailure, 'kind'> {
  const content = unreadableProblem(error)
  if (content !== undefined) return { code: 'store-corrupt', problem: content }
  if (!(error instanceof LedgerError) && sqliteCode(error) === undefined) throw error
  const { code, problem, cure } = error instanceof LedgerError ? error : storeError(error, 'verify')
  return { code, problem, ...(cure === undefined ? {} : { cure }) }
}
