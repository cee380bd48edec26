// Calling a store that lives in a worker thread: calls go in, answers come back, and a thread that dies fails its calls.

import { Worker } from 'node:worker_threads'

import { LedgerError } from '../../ledger/errors.ts'
import type { LedgerStore } from '../../ledger/store.ts'
import { storeClosed } from './local-store.ts'
import type { Answer, Call, Failure, ThreadTask } from './thread.ts'

export interface Thread {
  call<Method extends keyof LedgerStore>(
    method: Method,
    values: Parameters<LedgerStore[Method]>,
  ): Promise<Awaited<ReturnType<LedgerStore[Method]>>>
  stop(): Promise<void>
}

interface Waiter {
  // The thread answers a method with what that method returns: `call` is the only place that ties the two together.
  resolve(value: never): void
  reject(error: Error): void
}

/** A thread that starts with its first call and stays until stopped; one that died is replaced at the next call. */
export function startThread(task: ThreadTask, script: URL): Thread {
  const waiters = new Map<number, Waiter>()
  let worker: Worker | undefined
  let stopping: Promise<void> | undefined
  let calls = 0

  function started(): Worker {
    if (worker !== undefined) return worker
    const fresh = new Worker(script, { workerData: task, name: `affidavit sqlite ${task.role}` })
    fresh.on('message', (answer: Answer) => settle(answer))
    // An error is followed by the exit of the same thread, when its successor may be at work.
    fresh.on('error', (error) => worker === fresh && failAll(error))
    fresh.on('exit', () => worker === fresh && failAll(new Error(`the ${task.role} thread ended`)))
    fresh.unref()
    worker = fresh
    return fresh
  }

  function settle(answer: Answer): void {
    const waiter = waiters.get(answer.call)
    waiters.delete(answer.call)
    if (waiters.size === 0) worker?.unref()
    if ('failure' in answer) waiter?.reject(errorOf(answer.failure))
    // The value crossed from the same method of the same interface (see Waiter).
    else waiter?.resolve(answer.value as never)
  }

  function failAll(error: unknown): void {
    worker = undefined
    for (const waiter of waiters.values()) waiter.reject(threadLost(task, error))
    waiters.clear()
  }

  function send<T>(method: keyof LedgerStore, values: readonly unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const thread = started()
      const call: Call = { call: calls++, method, values }
      waiters.set(call.call, { resolve, reject })
      // A pending call keeps the process alive; an idle thread does not.
      thread.ref()
      thread.postMessage(call)
    })
  }

  async function shutDown(): Promise<void> {
    const running = worker
    if (running === undefined) return
    await send<void>('close', [])
    await running.terminate()
  }

  return {
    call: (method, values) => (stopping === undefined ? send(method, values) : Promise.reject(storeClosed())),
    stop: () => {
      stopping ??= shutDown()
      return stopping
    },
  }
}

function errorOf(failure: Failure): Error {
  if (failure.kind === 'ledger') return new LedgerError(failure.code, failure)
  const error = new Error(failure.message)
  if (failure.stack !== undefined) error.stack = failure.stack
  return error
}

// A write that was under way when its thread died may have reached the disk.
function threadLost(task: ThreadTask, cause: unknown): LedgerError {
  const problem = `the ${task.role} thread of ${task.path} ended while it was at work`
  if (task.role === 'reader') return new LedgerError('store-unavailable', { problem, cause })
  return new LedgerError('outcome-unknown', {
    problem: `${problem}; the records may or may not be durable`,
    cure: 'append the same drafts again with the same ids',
    cause,
  })
}
