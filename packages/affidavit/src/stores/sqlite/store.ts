// sqliteStore: a ledger store in one file (threads of its own), or in a database that the caller has open.

import { existsSync } from 'node:fs'

import type { LedgerStore } from '../../ledger/store.ts'
import { connectSqlite, prepareDatabase } from './connect.ts'
import type { SqliteDatabase } from './database.ts'
import { localSqliteStore } from './local-store.ts'
import { unpackEntries } from './packed-entries.ts'
import type { ReaderStore } from './thread.ts'
import { startThread } from './thread-host.ts'

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
  const writer = startThread<LedgerStore>({ path, role: 'writer', mode: 'open' })
  const reader = startThread<ReaderStore>({ path, role: 'reader', mode: 'open' })
  return {
    create: (ledger) => writer.call('create', [ledger]),
    commit: (batch) => writer.call('commit', [batch]),
    keepCheckpoint: (ledger, checkpoint) => writer.call('keepCheckpoint', [ledger, checkpoint]),
    proveCommit: (ledger) => writer.call('proveCommit', [ledger]),
    keepCosignature: (ledger, size, line) => writer.call('keepCosignature', [ledger, size, line]),
    ledgers: () => reader.call('ledgers', []),
    head: (ledger) => reader.call('head', [ledger]),
    entries: async (ledger, filter, page) => unpackEntries(await reader.call('entries', [ledger, filter, page])),
    nodes: (ledger, ids) => reader.call('nodes', [ledger, ids]),
    regrow: (ledger, from, size) => reader.call('regrow', [ledger, from, size]),
    checkpoints: (ledger, after, limit) => reader.call('checkpoints', [ledger, after, limit]),
    latestCheckpoint: (ledger, atMost) => reader.call('latestCheckpoint', [ledger, atMost]),
    keepPayload: (ledger, payload) => writer.call('keepPayload', [ledger, payload]),
    keepChunks: (ledger, blob_id, from, chunks) => writer.call('keepChunks', [ledger, blob_id, from, chunks]),
    sweepPayloads: (ledger, before) => writer.call('sweepPayloads', [ledger, before]),
    replaceEntries: (ledger, removal) => writer.call('replaceEntries', [ledger, removal]),
    mayRemove: async () => true,
    bringBack: (ledger, entries) => writer.call('bringBack', [ledger, entries]),
    moveEntries: (ledger, move) => writer.call('moveEntries', [ledger, move]),
    payload: (ledger, blob_id) => reader.call('payload', [ledger, blob_id]),
    chunks: (ledger, blob_id, from, limit) => reader.call('chunks', [ledger, blob_id, from, limit]),
    keptBodies: (ledger, wanted) => reader.call('keptBodies', [ledger, wanted]),
    contentKeys: (ledger, after, limit) => reader.call('contentKeys', [ledger, after, limit]),
    lastUse: (ledger, blob_id) => reader.call('lastUse', [ledger, blob_id]),
    // The reader goes first: the last connection to close writes the WAL back, and that must be the writer's.
    close: async () => {
      await reader.stop()
      await writer.stop()
    },
  }
}
