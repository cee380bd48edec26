// Calling a store that lives in a worker thread: calls go in, answers come back, and a thread that dies fails its calls.

import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads'

import { LedgerError } from '../../errors/ledger-error.ts'
import type { Word } from './calls.ts'
import { storeClosed } from './local-store.ts'
import { giveBack, takeWorker } from './spare-threads.ts'
import type { Answer, Failure, ThreadTask } from './thread.ts'

/** The methods that a thread answers: each gives a promise. */
type Methods<Store> = Readonly<Record<keyof Store, (...values: never[]) => Promise<unknown>>>

export interface Thread<Store extends Methods<Store>> {
  call<Method extends keyof Store & string>(
    method: Method,
    values: Parameters<Store[Method]>,
  ): Promise<Awaited<ReturnType<Store[Method]>>>
  /** Waits for what was begun. A thread that does not answer within `patienceMillis` is ended as by a crash. */
  stop(patienceMillis?: number): Promise<void>
}

interface Waiter {
  // The thread answers a method with what that method returns: `call` is the only place that ties the two together.
  resolve(value: never): void
  reject(error: Error): void
}

/** A thread at work, and what is said to it. */
interface Running {
  readonly worker: Worker
  readonly port: MessagePort
}

const STORE_THREAD = new URL(import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js', import.meta.url)

/**
 * A thread that starts with its first call and stays until stopped; one that died is replaced at the next call. It runs the
 * stores of this folder, or another script that answers calls as they do.
 */
export function startThread<Store extends Methods<Store>>(task: ThreadTask, script: URL = STORE_THREAD): Thread<Store> {
  const waiters = new Map<number, Waiter>()
  let running: Running | undefined
  let stopping: Promise<void> | undefined
  let calls = 0
  /** Answers that came from the thread of now. */
  let heard = 0

  function started(): Running {
    if (running !== undefined) return running
    const { port1: port, port2 } = new MessageChannel()
    const worker = takeWorker(script)
    const fresh = { worker, port }
    heard = 0
    port.on('message', (answer: Answer) => running === fresh && hear(fresh, answer))
    // An error is followed by the exit of the same thread, when its successor may be at work.
    worker.on('error', (error) => running === fresh && failAll(error))
    worker.on('exit', () => running === fresh && failAll(new Error(`the ${task.role} thread ended`)))
    worker.postMessage({ task, port: port2 }, [port2])
    port.unref()
    running = fresh
    return fresh
  }

  // Whoever waits for what was answered goes on, and may call again in this turn of the event loop. Where nobody does, and
  // the thread is at work for others, it is told not to wait for that.
  function hear(from: Running, answer: Answer): void {
    heard++
    settle(answer)
    if (waiters.size === 0) {
      from.port.unref()
      return
    }
    const before = calls
    setImmediate(() => {
      if (running === from && calls === before && waiters.size > 0) say(from, { heard })
    })
  }

  function say({ port }: Running, word: Word): void {
    port.postMessage(word)
  }

  function settle(answer: Answer): void {
    const waiter = waiters.get(answer.call)
    waiters.delete(answer.call)
    if ('failure' in answer) waiter?.reject(errorOf(answer.failure))
    // The value crossed from the same method of the same interface (see Waiter).
    else waiter?.resolve(answer.value as never)
  }

  function failAll(error: unknown): void {
    running?.port.close()
    running = undefined
    for (const waiter of waiters.values()) waiter.reject(threadLost(task, error))
    waiters.clear()
  }

  function send<T>(method: string, values: readonly unknown[]): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const to = started()
      const call = calls++
      waiters.set(call, { resolve, reject })
      // A pending call keeps the process alive; an idle thread does not.
      to.port.ref()
      try {
        say(to, { call, heard, method, values })
      } catch (error) {
        // What cannot cross to another thread was not said.
        waiters.delete(call)
        if (waiters.size === 0) to.port.unref()
        throw error
      }
    })
  }

  async function shutDown(patienceMillis: number | undefined): Promise<void> {
    if (running === undefined) return
    const { worker, port } = running
    if ((await inTime(send<void>('close', []), patienceMillis)) === 'answered') {
      running = undefined
      port.close()
      giveBack(script, worker)
      return
    }
    // Not waited for: what is stuck outside of JavaScript does not end before it comes back.
    failAll(new Error(`the ${task.role} thread did not answer`))
    worker.terminate().catch(() => undefined)
  }

  return {
    call: (method, values) => (stopping === undefined ? send(method, values) : Promise.reject(storeClosed())),
    stop: (patienceMillis) => {
      stopping ??= shutDown(patienceMillis)
      return stopping
    },
  }
}

async function inTime(answer: Promise<void>, patienceMillis: number | undefined): Promise<'answered' | 'no answer'> {
  const answered = answer.then(() => 'answered' as const)
  if (patienceMillis === undefined) return answered
  const late = Promise.withResolvers<'no answer'>()
  const timer = setTimeout(() => late.resolve('no answer'), patienceMillis)
  // Ending the thread fails its last call too.
  answered.catch(() => undefined)
  return Promise.race([answered, late.promise]).finally(() => clearTimeout(timer))
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
  if (task.role !== 'writer') return new LedgerError('store-unavailable', { problem, cause })
  return new LedgerError('outcome-unknown', {
    problem: `${problem}; the records may or may not be durable`,
    cure: 'append the same drafts again with the same ids',
    cause,
  })
}
