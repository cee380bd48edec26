// Handing out verification to threads, or doing it in this one.

import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { SqliteDatabase } from './database.ts'
import { runTask, type VerifyAnswer, type VerifyTask } from './verify-task.ts'
import type { TaskFailure } from './verify-thread.ts'

/** Ten times what a thread needs at once: without a limit, garbage is kept as long as the machine has memory. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16 }

export interface Work {
  readonly path: string
  readonly tasks: readonly VerifyTask[]
  /** As many as the machine runs at once where left out, at most 8; 0: in the calling thread, on the open connection. */
  readonly threads: number | undefined
  readonly onAnswer: (answer: VerifyAnswer) => void
}

/** Runs every task. @throws LedgerError `store-unavailable` */
export async function runTasks(db: SqliteDatabase, { path, tasks, threads, onAnswer }: Work): Promise<void> {
  if (threads === 0) {
    for (const task of tasks) onAnswer(runTask(db, task))
    return
  }
  const waiting = [...tasks]
  const count = Math.min(threads ?? Math.min(8, availableParallelism()), tasks.length)
  const next = (): VerifyTask | undefined => waiting.shift()
  await Promise.all(Array.from({ length: count }, () => runThread(path, next, onAnswer)))
}

function runThread(
  path: string,
  next: () => VerifyTask | undefined,
  done: (answer: VerifyAnswer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const file = import.meta.url.endsWith('.ts') ? './verify-thread.ts' : './verify-thread.js'
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData: { path },
      name: 'affidavit verify',
      resourceLimits: LIMITS,
    })
    const goOn = (): void => {
      const task = next()
      if (task === undefined) worker.terminate().then(() => resolve(), reject)
      else worker.postMessage(task)
    }
    worker.on('message', (answer: VerifyAnswer | TaskFailure) => {
      if (answer.kind === 'failed') {
        reject(new LedgerError(answer.code, answer))
        worker.terminate().catch(reject)
        return
      }
      done(answer)
      goOn()
    })
    worker.on('error', reject)
    goOn()
  })
}
