// A worker thread that verifies: one read-only connection, one task after another (verify-tasks.ts hands them out).

import { parentPort, workerData } from 'node:worker_threads'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { StoredLedgers } from '../../verify/stored/stored-log.ts'
import { runTask, type VerifyAnswer, type VerifyTask } from '../../verify/stored/tasks.ts'
import { connectSqliteForReading, storeError } from './connect.ts'
import { sqliteCode } from './database.ts'
import { storedLedgers } from './stored-log.ts'
import { unreadableProblem } from './unreadable.ts'

/** A failure of the world as it crosses to the other thread; a bug of ours ends the thread instead. */
export interface TaskFailure {
  readonly kind: 'failed'
  readonly code: LedgerError['code']
  readonly problem: string
  readonly cure?: string
}

if (parentPort !== null) serve(parentPort, workerData)

function serve(port: NonNullable<typeof parentPort>, { path }: { readonly path: string }): void {
  let open: StoredLedgers | undefined
  const ledgers = (): StoredLedgers => {
    open ??= storedLedgers(connectSqliteForReading(path))
    return open
  }
  // One task comes after the answer to the one before. What is thrown here is a bug of ours, and ends the thread.
  port.on('message', async (task: VerifyTask) => port.postMessage(await answer(ledgers, task)))
}

async function answer(ledgers: () => StoredLedgers, task: VerifyTask): Promise<VerifyAnswer | TaskFailure> {
  try {
    return await runTask(ledgers(), task)
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
