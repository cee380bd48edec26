// A worker thread that hosts one SQLite connection at a time: SQLite blocks, and an agent's event loop must not.

import { type MessagePort, parentPort } from 'node:worker_threads'

import { LedgerError, unreachable } from '../../errors/ledger-error.ts'
import type { LedgerStore } from '../../ledger/store.ts'
import type { KeyringStore } from '../../vault/keyring-store.ts'
import { answerCalls, type Call, wait } from './calls.ts'
import { connectSqlite, connectSqliteForReading } from './connect.ts'
import type { Listen } from './group-commit.ts'
import { expectInPlace } from './in-place.ts'
import { KEYRING_DATABASE, localKeyringStore } from './local-keyring.ts'
import { localSqliteStore } from './local-store.ts'
import { type PackedEntries, packEntries } from './packed-entries.ts'
import { ticketTurns } from './turns.ts'

/** What a thread is for; the path of the database file. `keyring`: it reads and writes a keyring, alone. */
export interface ThreadTask {
  readonly path: string
  readonly role: 'writer' | 'reader' | 'keyring'
  readonly mode: 'create' | 'open'
}

/** A ledger store as the thread of a reader answers for it. */
export interface ReaderStore extends Omit<LedgerStore, 'entries'> {
  entries(...asked: Parameters<LedgerStore['entries']>): Promise<PackedEntries>
}

export type Answer =
  | { readonly call: number; readonly value: unknown }
  | { readonly call: number; readonly failure: Failure }

/** An error as it crosses to the other thread. */
export type Failure =
  | {
      readonly kind: 'ledger'
      readonly code: LedgerError['code']
      readonly problem: string
      readonly cure?: string
      readonly path?: string
    }
  | { readonly kind: 'other'; readonly message: string; readonly stack?: string }

/** What a thread is told: a task, and where its calls come from. The next one comes when the store of the one before is closed. */
export interface ThreadOrder {
  readonly task: ThreadTask
  readonly port: MessagePort
}

parentPort?.on('message', ({ port, task }: ThreadOrder) => serve(port, task))

function serve(port: MessagePort, task: ThreadTask): void {
  const store = storeOf(task, (next) => listen(next))
  const listen = answerCalls(port, (call) => answer(store, call))
}

function storeOf(task: ThreadTask, listen: Listen): LedgerStore | ReaderStore | KeyringStore {
  if (task.role === 'keyring') return keyring(task)
  return task.role === 'writer' ? writer(task, listen) : reader(task)
}

async function answer(
  store: LedgerStore | ReaderStore | KeyringStore,
  { call, method, values }: Call,
): Promise<Answer> {
  try {
    const called: unknown = Reflect.get(store, method)
    if (typeof called !== 'function') unreachable(`the thread is asked for ${method}`)
    const value: unknown = await Reflect.apply(called, store, values)
    return { call, value }
  } catch (error) {
    return { call, failure: failureOf(error) }
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof LedgerError) {
    const { code, problem, cure, path } = error
    return {
      kind: 'ledger',
      code,
      problem,
      ...(cure === undefined ? {} : { cure }),
      ...(path === undefined ? {} : { path }),
    }
  }
  if (!(error instanceof Error)) return { kind: 'other', message: String(error) }
  return { kind: 'other', message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) }
}

function keyring({ path, mode }: ThreadTask): KeyringStore {
  return localKeyringStore(() => connectSqlite(path, mode, KEYRING_DATABASE), wait, expectInPlace(path))
}

function writer({ path, mode }: ThreadTask, listen: Listen): LedgerStore {
  return localSqliteStore({
    connect: () => connectSqlite(path, mode),
    reopen: 'possible',
    turns: ticketTurns(`${path}-turns`, () => performance.now()),
    // This thread has nothing else to do; timers would round the wait up to more than a commit takes.
    pause: async (millis) => wait(millis),
    listen,
  })
}

function reader({ path }: ThreadTask): ReaderStore {
  const store = localSqliteStore({ connect: () => connectSqliteForReading(path), reopen: 'possible' })
  return {
    ...store,
    entries: async (ledger, filter, page) => packEntries(await store.entries(ledger, filter, page)),
  }
}
