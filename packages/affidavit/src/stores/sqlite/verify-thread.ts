// A worker thread that verifies: one read-only connection, one task after another (verify-tasks.ts hands them out).

import { parentPort, workerData } from 'node:worker_threads'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { ArchiveOf } from '../../verify/stored/archive.ts'
import type { StoredLedgers } from '../../verify/stored/stored-log.ts'
import { runTask, type VerifyAnswer, type VerifyTask } from '../../verify/stored/tasks.ts'
import { connectionsThrough } from '../../verify/stored/through-archive.ts'
import { type ArchiveAnswer, archiveCalls } from './archive-calls.ts'
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

export interface ThreadData {
  readonly path: string
  /** Whether what is archived is asked for of the thread that began this one. */
  readonly archive: 'none' | 'asked for'
}

if (parentPort !== null) serve(parentPort, workerData)

function serve(port: NonNullable<typeof parentPort>, { path, archive }: ThreadData): void {
  const calls = archiveCalls((call) => port.postMessage(call))
  let open: Promise<StoredLedgers> | undefined
  const ledgers = (): Promise<StoredLedgers> => {
    open ??= openLedgers(path, archive === 'none' ? undefined : calls.archiveOf)
    return open
  }
  // One task comes after the answer to the one before. What is thrown here is a bug of ours, and ends the thread.
  port.on('message', async (message: VerifyTask | ArchiveAnswer) => {
    if (message.kind === 'archived') calls.settle(message)
    else port.postMessage(await answer(ledgers, message))
  })
}

async function openLedgers(path: string, archiveOf: ArchiveOf | undefined): Promise<StoredLedgers> {
  const stored = storedLedgers(connectSqliteForReading(path))
  const [ledgers = stored] = await connectionsThrough([stored], archiveOf)
  return ledgers
}

async function answer(ledgers: () => Promise<StoredLedgers>, task: VerifyTask): Promise<VerifyAnswer | TaskFailure> {
  try {
    return await runTask(await ledgers(), task)
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
