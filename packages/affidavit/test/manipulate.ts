// What somebody with every right on a ledger's files can do to them: triggers and indexes taken away and put back, rows
// changed at will, pages edited. Each change is made on a copy.

import { closeSync, copyFileSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'

import { toHex } from '../src/bytes/hex.ts'
import { createGrowth, emptyFrontier } from '../src/merkle/growth.ts'
import { leafHash } from '../src/merkle/hash.ts'
import { membersOf, rewritten } from './sample-log.ts'

export type Row = Record<string, SQLInputValue>

export interface Tampering {
  readonly db: DatabaseSync
  run(sql: string, ...values: SQLInputValue[]): void
  rows(sql: string, ...values: SQLInputValue[]): Row[]
}

/** Makes `copy` of a database and changes it; triggers and indexes are as before in the end, as far as SQLite lets them. */
export function tampered(database: string, copy: string, change: (tampering: Tampering) => void): void {
  const db = openCopy(database, copy)
  try {
    const rows = (sql: string, ...values: SQLInputValue[]): Row[] => db.prepare(sql).all(...values)
    const guards = rows(
      "SELECT type, name, sql FROM sqlite_schema WHERE type IN ('trigger', 'index') AND sql IS NOT NULL ORDER BY rowid",
    )
    db.exec('BEGIN')
    for (const { type, name } of guards) db.exec(`DROP ${type} ${name}`)
    change({ db, rows, run: (sql, ...values) => db.prepare(sql).run(...values) })
    for (const { sql } of guards) tryExec(db, String(sql))
    db.exec('COMMIT')
  } finally {
    db.close()
  }
}

// Without a WAL, so that nothing but the file itself is read and written: thousands of times.
function openCopy(database: string, copy: string): DatabaseSync {
  copyFileSync(database, copy)
  const db = new DatabaseSync(copy, { defensive: false })
  db.exec('PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF')
  return db
}

// An index over what is no JSON, or a unique one over what is not unique any more, cannot be put back.
function tryExec(db: DatabaseSync, sql: string): void {
  try {
    db.exec(sql)
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error
  }
}

/** Changes the schema itself; everything else stays. */
export function reschemed(database: string, copy: string, sql: string): void {
  const db = openCopy(database, copy)
  try {
    db.exec('PRAGMA writable_schema = ON')
    db.exec(sql)
  } finally {
    db.close()
  }
}

/** Exchanges bytes in a file for others of the same length, wherever they stand: rows that SQL would not let through. */
export function exchanged(database: string, copy: string, from: Uint8Array, to: Uint8Array): void {
  if (from.length !== to.length) throw new RangeError('only bytes of the same length fit')
  edited(database, copy, (bytes) => {
    let at = bytes.indexOf(from)
    if (at === -1) throw new Error('these bytes are not in the file')
    for (; at !== -1; at = bytes.indexOf(from, at + 1)) bytes.set(to, at)
  })
}

/** Makes `copy` of a file with some of its bytes changed. */
export function edited(file: string, copy: string, edit: (bytes: Buffer) => void): void {
  const bytes = readFileSync(file)
  edit(bytes)
  // Read and write version 1: no WAL (sqlite.org/fileformat2.html §1.3.3).
  bytes.fill(1, 18, 20)
  writeFileSync(copy, bytes)
}

/** Flips bits of one byte in place, and flips them back. */
export async function withFlippedByte<T>(
  file: string,
  at: number,
  bits: number,
  work: () => T | Promise<T>,
): Promise<T> {
  flip(file, at, bits)
  try {
    return await work()
  } finally {
    flip(file, at, bits)
  }
}

function flip(file: string, at: number, bits: number): void {
  const fd = openSync(file, 'r+')
  try {
    const byte = Buffer.alloc(1)
    readSync(fd, byte, 0, 1, at)
    byte[0] = (byte[0] ?? 0) ^ bits
    writeSync(fd, byte, 0, 1, at)
  } finally {
    closeSync(fd)
  }
}

/** Rewrites an entry and everything behind it as the ledger would have: nodes, chain, conversation links. Unsigned. */
export function rehash(
  tampering: Tampering,
  ledgerNo: number,
  at: number,
  change: (entry: Uint8Array) => Uint8Array,
): void {
  const growth = createGrowth(emptyFrontier)
  const conversations = new Map<unknown, string>()
  let previous_hash = ''
  for (const { seq, entry } of tampering.rows(
    'SELECT seq, entry FROM entries WHERE ledger_no = ? ORDER BY seq',
    ledgerNo,
  )) {
    let bytes = bytesOf(entry)
    if (seq === at) bytes = change(bytes)
    if (Number(seq) > at) bytes = relinked(bytes, previous_hash, conversations)
    const leaf = leafHash(bytes)
    tampering.run(
      'UPDATE entries SET entry = ?, nodes = ? WHERE ledger_no = ? AND seq = ?',
      bytes,
      growth.append(leaf),
      ledgerNo,
      seq ?? null,
    )
    previous_hash = toHex(leaf)
    const { conversation_id } = membersOf(bytes)
    if (conversation_id !== undefined) conversations.set(conversation_id, previous_hash)
  }
}

function relinked(bytes: Uint8Array, previous_hash: string, conversations: ReadonlyMap<unknown, string>): Uint8Array {
  const { conversation_id, conversation_seq } = membersOf(bytes)
  if (conversation_id === undefined || conversation_seq === 0) return rewritten(bytes, { previous_hash })
  return rewritten(bytes, { previous_hash, conversation_previous_hash: conversations.get(conversation_id) ?? '' })
}

export function bytesOf(value: SQLInputValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value
  throw new TypeError('a blob was expected')
}
