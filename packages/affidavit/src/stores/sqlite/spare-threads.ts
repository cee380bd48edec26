// Threads that have closed their store, kept for a moment: whoever opens one ledger after another, as every command of a script does
// in one process, waits for no thread to start and to load what it runs.

import { Worker } from 'node:worker_threads'

/** As many as an open ledger has: its writer, its reader, its keyring. */
const MOST_SPARE = 3
const SPARE_MILLIS = 5_000

const spare = new Map<string, Worker[]>()

/** A thread that runs `script` and has no task: it is told one by a message, and keeps no process alive. */
export function takeWorker(script: URL): Worker {
  const kept = spare.get(script.href)?.pop()
  if (kept !== undefined) return kept
  const worker = new Worker(script, { name: 'affidavit sqlite' })
  worker.unref()
  return worker
}

/** Keeps a thread whose task is over for the next one, for some seconds. */
export function giveBack(script: URL, worker: Worker): void {
  const kept = spare.get(script.href) ?? []
  spare.set(script.href, kept)
  worker.removeAllListeners()
  if (kept.length >= MOST_SPARE) {
    end(worker)
    return
  }
  kept.push(worker)
  const forget = (): void => {
    const at = kept.indexOf(worker)
    if (at >= 0) kept.splice(at, 1)
  }
  worker.on('error', forget)
  worker.on('exit', forget)
  setTimeout(() => {
    if (!kept.includes(worker)) return
    forget()
    end(worker)
  }, SPARE_MILLIS).unref()
}

function end(worker: Worker): void {
  worker.terminate().catch(() => undefined)
}
