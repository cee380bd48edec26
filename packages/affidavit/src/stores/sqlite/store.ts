// sqliteStore: a ledger store in one file (threads of its own), or in a database that the caller has open.

import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'

import { LedgerError } from '../../ledger/errors.ts'
import type { LedgerStore } from '../../ledger/store.ts'
import { connectSqlite, prepareDatabase } from './connect.ts'
import type { SqliteDatabase } from './database.ts'
import { localSqliteStore, storeClosed } from './local-store.ts'
import type { Answer, Call, Failure, ThreadTask } from './thread.ts'

/**
 * The embedded store. A path: the file is created where `mode` says so, writes and reads run in worker threads, any
 * number of processes may share the file. A database (node:sqlite or better-sqlite3, opened by the caller): every call
 * blocks the caller's thread, and the caller closes it; a failed COMMIT cannot be settled and stays `outcome-unknown`.
 * @throws LedgerError `not-a-ledger`, `newer-format`, `unsupported-file-system`, `store-unavailable`, `store-corrupt`
 */
export function sqliteStore(location: string | SqliteDatabase, mode: 'create' | 'open' = 'create'): LedgerStore {
  if (typeof location === 'string') return fileStore(location, mode)
  const db = prepareDatabase(location, 'the given database', mode)
  return localSqliteStore({ connect: () => db, reopen: 'impossible' })
}

function fileStore(path: string, mode: 'create' | 'open'): LedgerStore {
  // Opening once here gives the caller what is wrong with the file at once, and makes it before a reader asks for it.
  if (mode === 'create' || !existsSync(path)) connectSqlite(path, mode).close()
  const writer = startThread({ path, role: 'writer', mode: 'open' })
  const reader = startThread({ path, role: 'reader', mode: 'open' })
  return {
    create: (ledger) => writer.call('create', [ledger]),
    commit: (batch) => writer.call('commit', [batch]),
    keepCheckpoint: (ledger, checkpoint) => writer.call('keepCheckpoint', [ledger, checkpoint]),
    keepCosignature: (ledger, size, line) => writer.call('keepCosignature', [ledger, size, line]),
    ledgers: () => reader.call('ledgers', []),
    head: (ledger) => reader.call('head', [ledger]),
    entries: (ledger, filter, page) => reader.call('entries', [ledger, filter, page]),
    nodes: (ledger, ids) => reader.call('nodes', [ledger, ids]),
    checkpoints: (ledger, after, limit) => reader.call('checkpoints', [ledger, after, limit]),
    latestCheckpoint: (ledger, atMost) => reader.call('latestCheckpoint', [ledger, atMost]),
    // The reader goes first: the last connection to close writes the WAL back, and that must be the writer's.
    close: async () => {
      await reader.stop()
      await writer.stop()
    },
  }
}

interface Thread {
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

/** A thread that starts with its first call and stays until stopped. */
function startThread(task: ThreadTask): Thread {
  const waiters = new Map<number, Waiter>()
  let worker: Worker | undefined
  let stopping: Promise<void> | undefined
  let calls = 0

  function started(): Worker {
    if (worker !== undefined) return worker
    const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js'
    const fresh = new Worker(new URL(file, import.meta.url), {
      workerData: task,
      name: `affidavit sqlite ${task.role}`,
    })
    fresh.on('message', (answer: Answer) => settle(answer))
    fresh.on('error', (error) => failAll(error))
    fresh.on('exit', () => failAll(new Error(`the ${task.role} thread ended`)))
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
