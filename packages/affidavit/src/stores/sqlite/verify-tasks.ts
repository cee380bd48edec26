// Handing out verification to threads, or doing it in this one.

import { statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { ArchiveOf } from '../../verify/stored/archive.ts'
import type { StoredLedgers } from '../../verify/stored/stored-log.ts'
import { type RunTasks, runOnConnections, type VerifyAnswer, type VerifyTask } from '../../verify/stored/tasks.ts'
import { connectionsThrough } from '../../verify/stored/through-archive.ts'
import { type ArchiveCall, answerCalls } from './archive-calls.ts'
import type { TaskFailure, ThreadData } from './verify-thread.ts'

/** Ten times what a thread needs at once: without a limit, garbage is kept as long as the machine has memory. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }

/** A smaller database is verified before threads have started. */
const WORTH_THREADS_BYTES = 4_194_304

export interface Workplace {
  readonly path: string
  /** On the open connection of this thread. */
  readonly ledgers: StoredLedgers
  /** Where undefined: as many as the machine runs at once, at most 8, and none for a small database; 0: in this thread. */
  readonly threads: number | undefined
}

/** A way to do every task; it rejects with a LedgerError `store-unavailable` or `store-corrupt`, or as the connection does. */
export function runTasks({ path, ledgers, threads }: Workplace): RunTasks {
  const most = threads ?? (statSync(path).size < WORTH_THREADS_BYTES ? 0 : Math.min(8, availableParallelism()))
  if (most === 0)
    return async (tasks, onAnswer, archiveOf) =>
      runOnConnections(await connectionsThrough([ledgers], archiveOf), tasks, onAnswer)
  return async (tasks, onAnswer, archiveOf) => {
    const waiting = [...tasks]
    const count = Math.min(most, tasks.length)
    const next = (): VerifyTask | undefined => waiting.shift()
    await Promise.all(Array.from({ length: count }, () => runThread({ path, archiveOf }, next, onAnswer)))
  }
}

function runThread(
  { path, archiveOf }: { readonly path: string; readonly archiveOf: ArchiveOf | undefined },
  next: () => VerifyTask | undefined,
  done: (answer: VerifyAnswer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = import.meta.url.endsWith('.ts') ? './verify-thread.ts' : './verify-thread.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { path, archive: archiveOf === undefined ? 'none' : 'asked for' } satisfies ThreadData,
      name: 'affidavit verify',
      resourceLimits: LIMITS,
    })
    const goOn = (): void => {
      const task = next()
      if (task === undefined) worker.terminate().then(() => resolve(), reject)
      else worker.postMessage(task)
    }
    const fail = (error: unknown): void => {
      reject(error)
      worker.terminate().catch(reject)
    }
    const answerTo = archiveOf === undefined ? undefined : answerCalls(archiveOf)
    worker.on('message', (answer: VerifyAnswer | TaskFailure | ArchiveCall) => {
      if (answer.kind === 'archive') {
        answerTo?.(answer).then((given) => worker.postMessage(given), fail)
        return
      }
      if (answer.kind === 'failed') {
        fail(new LedgerError(answer.code, answer))
        return
      }
      done(answer)
      goOn()
    })
    worker.on('error', reject)
    goOn()
  })
}
