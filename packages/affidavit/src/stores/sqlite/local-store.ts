// LedgerStore over one SQLite connection, in the thread that calls it. store.ts hosts it in threads of its own.

import { setTimeout as delay } from 'node:timers/promises'

import { equalBytes } from '../../bytes/compare.ts'
import { utf8 } from '../../bytes/text.ts'
import { type Clock, systemClock, type UnixMillis } from '../../clock/clock.ts'
import { LedgerError, unreachable } from '../../errors/ledger-error.ts'
import { regrow } from '../../ledger/regrow.ts'
import { sequence } from '../../ledger/sequence.ts'
import type { Batch, LedgerStore, Placed } from '../../ledger/store.ts'
import { inOurWords } from './connect.ts'
import { blobColumn, integerColumn, type SqliteDatabase, textColumn } from './database.ts'
import { createGroups, type Listen } from './group-commit.ts'
import {
  insertChunks,
  insertDraftPayload,
  insertPayload,
  readChunks,
  readContentKeys,
  readKeptBodies,
  readLastUse,
  readPayload,
  sweepPayloads,
} from './payloads.ts'
import { type Prepare, prepareOnce } from './prepared.ts'
import { checkpointOf, readEntries, readNodes } from './read.ts'
import { readRows } from './rows.ts'
import { prepareStatements, type Statements } from './statements.ts'
import { bringBack, moveEntries, replaceEntries } from './stubs.ts'
import { readBound, readConversations, readFence, readSize, readStanding, readTip, type TipCache } from './tip.ts'
import { type Attempt, inTransaction, type Waiting } from './transaction.ts'
import { noTurns, type Turns } from './turns.ts'

export interface LocalStoreOptions {
  /** Opens the connection; called again after a failed COMMIT where `reopen` says so. */
  readonly connect: () => SqliteDatabase
  readonly reopen: 'possible' | 'impossible'
  readonly turns?: Turns
  readonly clock?: Clock
  readonly pause?: (millis: number) => Promise<void>
  /** Takes in the calls that have come while a transaction is being written: batches among them join it. */
  readonly listen?: Listen
}

/** Commits of checkpoints and new ledgers wait as long as a batch does by default. */
const PATIENCE_MILLIS = 10_000

interface Opened {
  readonly db: SqliteDatabase
  readonly statements: Statements
  readonly prepare: Prepare
}

export function localSqliteStore(options: LocalStoreOptions): LedgerStore {
  let open: Opened | undefined
  let settled: SqliteDatabase | undefined
  let state: 'usable' | 'closed' = 'usable'
  // What was written, and not yet committed, is built upon within the transaction; a failure lets go of all of it.
  const tips = new Map<number, TipCache>()
  const groups = createGroups(options.listen ?? (() => undefined))
  let last: Promise<unknown> = Promise.resolve()
  const ledgerNos = new Map<string, number>()
  const waiting: Waiting = {
    turns: options.turns ?? noTurns,
    clock: options.clock ?? systemClock,
    pause: options.pause ?? ((millis) => delay(Math.max(1, millis))),
  }

  function opened(): Opened {
    if (state === 'closed') throw storeClosed()
    if (open === undefined) {
      const db = options.connect()
      open = { db, statements: prepareStatements(db), prepare: prepareOnce(db) }
    }
    return open
  }

  const connection = {
    renewable: options.reopen === 'possible',
    leftOpen: false,
    statements: () => opened().statements,
    // A checkpoint syncs the WAL and then, from what it read there, the database: even a WAL whose sync had failed before
    // is not trusted again. Busy means that another connection is at it.
    settle() {
      const { db, statements } = opened()
      if (settled !== db && integerColumn(statements.checkpointWal.get(), 'busy') !== 0) return 'busy' as const
      settled = db
      return 'settled' as const
    },
    renew() {
      tips.clear()
      if (options.reopen === 'impossible') return
      const old = open
      open = undefined
      old?.db.close()
    },
  }

  function numberOf(ledger: string): number {
    const cached = ledgerNos.get(ledger)
    if (cached !== undefined) return cached
    const row = opened().statements.ledgerNo.get(ledger)
    if (row === undefined) throw unknownLedger(ledger)
    const ledgerNo = integerColumn(row, 'ledger_no')
    ledgerNos.set(ledger, ledgerNo)
    return ledgerNo
  }

  // One after another, in the order of the calls.
  function inOrder<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work)
    last = next.catch(() => undefined)
    return next
  }

  function write<T>(work: (statements: Statements, attempt: Attempt, prepare: Prepare) => T): Promise<T> {
    const inside = (statements: Statements, _: number, attempt: Attempt): T =>
      work(statements, attempt, opened().prepare)
    return inOrder(() => inTransaction(connection, waiting, PATIENCE_MILLIS, inside))
  }

  function commitGroup(): Promise<void> {
    return groups.settleNext((group) =>
      inTransaction(connection, waiting, group.patienceMillis, (statements, waitedMillis) =>
        group.map((batch, i) => {
          const ledgerNo = numberOf(batch.ledger)
          const at = batch.at + (i === 0 ? Math.round(waitedMillis) : 0)
          const { placed, cache } = insertBatch(statements, ledgerNo, batch, tips.get(ledgerNo), at)
          tips.set(ledgerNo, cache)
          return placed
        }),
      ),
    )
  }

  async function read<T>(work: (db: SqliteDatabase, statements: Statements, prepare: Prepare) => T): Promise<T> {
    try {
      const { db, statements, prepare } = opened()
      return work(db, statements, prepare)
    } catch (error) {
      throw inOurWords(error, 'read')
    }
  }

  return {
    async create(ledger) {
      await write((statements, attempt) => {
        if (statements.ledgerNo.get(ledger) === undefined) statements.insertLedger.run(ledger)
        else if (attempt === 'first') throw ledgerExists(ledger)
      })
    },

    ledgers: () => read((_, statements) => statements.ledgers.all().map((row) => textColumn(row, 'origin'))),

    commit(batch) {
      const placed = groups.add(batch)
      inOrder(commitGroup).catch(unreachable)
      return placed
    },

    head: (ledger) =>
      read((_, statements) => {
        const ledgerNo = numberOf(ledger)
        const size = readSize(statements, ledgerNo)
        if (size === 0) return undefined
        const { tip } = readTip(statements, ledgerNo, undefined)
        return { size: tip.frontier.size, recorded_at: tip.recorded_at }
      }),

    entries: (ledger, filter, page) => read((_, __, prepare) => readEntries(prepare, numberOf(ledger), filter, page)),
    nodes: (ledger, ids) => read((_, __, prepare) => readNodes(prepare, numberOf(ledger), ids)),
    regrow: (ledger, from, size) =>
      read((db) => regrow(from, size, readRows(db, numberOf(ledger), { from: from.size, to: size }))),

    keepCheckpoint: (ledger, { size, note }) =>
      write((statements) => {
        const ledgerNo = numberOf(ledger)
        const newest = statements.latestCheckpoint.get(ledgerNo, Number.MAX_SAFE_INTEGER)
        if (newest !== undefined && integerColumn(newest, 'size') >= size) {
          return equalBytes(blobColumn(newest, 'note'), utf8(note)) ? 'kept' : 'superseded'
        }
        statements.insertCheckpoint.run(ledgerNo, size, utf8(note))
        return 'kept'
      }),

    async proveCommit(ledger) {
      await write((_, __, prepare) => {
        numberOf(ledger)
        // Written as it was read: a page that is dirty, and is committed as any other.
        const version = integerColumn(prepare('PRAGMA user_version').get(), 'user_version')
        prepare(`PRAGMA user_version = ${version}`).run()
      })
    },

    async keepCosignature(ledger, size, line) {
      await write((statements) => {
        const ledgerNo = numberOf(ledger)
        if (!hasCheckpoint(statements, ledgerNo, size)) throw noCheckpoint(ledger, size)
        const lines = statements.cosignatures.all(ledgerNo, size).map((row) => blobColumn(row, 'line'))
        if (lines.some((kept) => equalBytes(kept, utf8(line)))) return
        statements.insertCosignature.run(ledgerNo, size, lines.length, utf8(line))
      })
    },

    checkpoints: (ledger, after, limit) =>
      read((_, statements) => {
        const ledgerNo = numberOf(ledger)
        return statements.checkpoints.all(ledgerNo, after, limit).map((row) => checkpointOf(statements, ledgerNo, row))
      }),

    latestCheckpoint: (ledger, atMost) =>
      read((_, statements) => {
        const ledgerNo = numberOf(ledger)
        const row = statements.latestCheckpoint.get(ledgerNo, atMost)
        return row === undefined ? undefined : checkpointOf(statements, ledgerNo, row)
      }),

    keepPayload: (ledger, payload) => write((statements) => insertPayload(statements, numberOf(ledger), payload)),
    keepChunks: (ledger, blob_id, from, chunks) =>
      write((_, __, prepare) => insertChunks(prepare, numberOf(ledger), blob_id, from, chunks)),
    sweepPayloads: (ledger, before) => write((_, __, prepare) => sweepPayloads(prepare, numberOf(ledger), before)),
    payload: (ledger, blob_id) => read((_, __, prepare) => readPayload(prepare, numberOf(ledger), blob_id)),
    chunks: (ledger, blob_id, from, limit) =>
      read((_, __, prepare) => readChunks(prepare, numberOf(ledger), blob_id, from, limit)),
    keptBodies: (ledger, wanted) =>
      read((_, __, prepare) => wanted.map((one) => readKeptBodies(prepare, numberOf(ledger), one))),
    contentKeys: (ledger, after, limit) =>
      read((_, __, prepare) => readContentKeys(prepare, numberOf(ledger), after, limit)),
    lastUse: (ledger, blob_id) => read((_, __, prepare) => readLastUse(prepare, numberOf(ledger), blob_id)),

    async replaceEntries(ledger, removal) {
      const replaced = await write((statements, _, prepare) => {
        const ledgerNo = numberOf(ledger)
        return replaceEntries(prepare, ledgerNo, removal, readSize(statements, ledgerNo) - 1)
      })
      // The log beside the file has what stood in the rows. Whoever reads meanwhile keeps it: then it is emptied later.
      await inOrder(() => read((_, statements) => statements.emptyWal.get()))
      return replaced
    },
    mayRemove: async () => true,
    bringBack: (ledger, entries) => write((_, __, prepare) => bringBack(prepare, numberOf(ledger), entries)),
    moveEntries: (ledger, move) => write((_, __, prepare) => moveEntries(prepare, numberOf(ledger), move)),

    close: () =>
      inOrder(async () => {
        const old = open
        state = 'closed'
        open = undefined
        tips.clear()
        if (options.reopen === 'possible') old?.db.close()
      }),
  }
}

function insertBatch(
  statements: Statements,
  ledgerNo: number,
  { drafts }: Batch,
  cached: TipCache | undefined,
  at: UnixMillis,
): { placed: readonly Placed[]; cache: TipCache } {
  const { tip, conversations } = readTip(statements, ledgerNo, cached)
  const standing = readStanding(statements, ledgerNo, drafts)
  readConversations(statements, ledgerNo, drafts, conversations)
  const fence = readFence(statements, ledgerNo)
  const bound = readBound(statements, ledgerNo, drafts)
  const next = sequence(tip, drafts, { standing, conversations, fence, bound }, at)
  for (const { seq, nodes, entry, subject_ids, payloads } of next.entries) {
    statements.insertEntry.run(ledgerNo, seq, nodes, entry)
    for (const subject_id of subject_ids) statements.insertSubject.run(ledgerNo, seq, subject_id)
    for (const payload of payloads) insertDraftPayload(statements, ledgerNo, seq, payload)
  }
  for (const [conversation_id, moved] of next.conversations) conversations.set(conversation_id, moved)
  return { placed: next.placed, cache: { tip: next.tip, conversations } }
}

/** A store that was closed takes nothing more. */
export function storeClosed(): LedgerError {
  return new LedgerError('ledger-closed', { problem: 'the store is closed', cure: 'open it again' })
}

function hasCheckpoint(statements: Statements, ledgerNo: number, size: number): boolean {
  const row = statements.latestCheckpoint.get(ledgerNo, size)
  return row !== undefined && integerColumn(row, 'size') === size
}

function noCheckpoint(ledger: string, size: number): LedgerError {
  return new LedgerError('not-found', {
    problem: `${ledger} has no checkpoint of size ${size}; the cosignature was not kept`,
    cure: 'cosign a checkpoint that this ledger published',
  })
}

function unknownLedger(ledger: string): LedgerError {
  return new LedgerError('not-a-ledger', { problem: `the store has no ledger ${ledger}`, cure: 'check the name' })
}

function ledgerExists(ledger: string): LedgerError {
  return new LedgerError('ledger-exists', {
    problem: `the ledger ${ledger} is there already`,
    cure: 'choose another name',
  })
}
