// Attacks on a copy of a ledger, as somebody with every right on the files would make them. Each leaves a database that
// opens; the schema is put back, so that only what was changed can give it away.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { toHex } from '../../bytes/hex.ts'
import { canonicalJson, ENTRY_JSON } from '../../bytes/json.ts'
import { utf8 } from '../../bytes/text.ts'
import { databaseFile, keysFolder } from '../../embedded/folder.ts'
import { parseEntry } from '../../formats/entry.ts'
import { fileKeys } from '../../keys/file.ts'
import { CHECKPOINT_LOG, checkpointFile } from '../../ledger/checkpoint-file.ts'
import { publishCheckpoint } from '../../ledger/publish.ts'
import { createGrowth, emptyFrontier } from '../../merkle/growth.ts'
import { leafHash } from '../../merkle/hash.ts'
import { connectSqlite, readSchema } from '../../stores/sqlite/connect.ts'
import { blobColumn, integerColumn, type SqliteDatabase } from '../../stores/sqlite/database.ts'
import { sqliteStore } from '../../stores/sqlite/store.ts'
import type { Entry } from '../../verify/entries.ts'

type Change = (entry: Entry) => Entry

/** Changes one entry in place and nothing else. */
export function editRow(folder: string, seq: number, change: Change): void {
  tamper(folder, (db) => {
    const entry = canonicalJson(change(readEntryAt(db, seq)), ENTRY_JSON)
    db.prepare('UPDATE entries SET entry = ? WHERE seq = ?').run(utf8(entry), seq)
  })
}

export function deleteRow(folder: string, seq: number): void {
  tamper(folder, (db) => db.prepare('DELETE FROM entries WHERE seq = ?').run(seq))
}

/** Removes the newest entries, and every checkpoint that covers them. */
export function cutTail(folder: string, from: number): void {
  tamper(folder, (db) => {
    db.prepare('DELETE FROM entries WHERE seq >= ?').run(from)
    db.prepare('DELETE FROM entry_subjects WHERE seq >= ?').run(from)
    db.prepare('DELETE FROM checkpoints WHERE size > ?').run(from)
    db.prepare('DELETE FROM cosignatures WHERE size > ?').run(from)
  })
}

/**
 * Rewrites history: one entry is changed, every later hash and link is made anew, and the real key signs the result.
 * The new checkpoint is released to `checkpointFolder`; pass the real one to forge that log too.
 */
export async function rewriteEverything(
  folder: string,
  origin: string,
  checkpointFolder: string,
  seq: number,
  change: Change,
): Promise<void> {
  tamper(folder, (db) => rebuild(db, seq, change))
  rmSync(join(checkpointFolder, CHECKPOINT_LOG), { force: true })
  const store = sqliteStore(databaseFile(folder), 'open')
  try {
    const keys = fileKeys(keysFolder(folder), origin)
    const publishing = { store, ledger: origin, keys, outside: checkpointFile(checkpointFolder) }
    await publishCheckpoint(publishing, { frontier: emptyFrontier }, Date.now())
  } finally {
    await store.close()
  }
}

function rebuild(db: SqliteDatabase, changed: number, change: Change): void {
  const size = integerColumn(db.prepare('SELECT count(*) AS n FROM entries').get(), 'n')
  const entries = Array.from({ length: size }, (_, seq) => readEntryAt(db, seq))
  const update = db.prepare('UPDATE entries SET entry = ?, nodes = ? WHERE seq = ?')
  for (const [seq, { entry, nodes }] of linkAnew(entries, changed, change).entries()) update.run(entry, nodes, seq)
  db.exec('DELETE FROM cosignatures; DELETE FROM checkpoints')
}

/** A history, from its first entry on, as the ledger would have written it with one entry changed. */
export function linkAnew(
  history: readonly Entry[],
  changed: number,
  change: Change,
): readonly { readonly entry: Uint8Array; readonly nodes: Uint8Array }[] {
  const growth = createGrowth(emptyFrontier)
  const conversations = new Map<string, string>()
  let previous_hash = ''
  return history.map((before, seq) => {
    const entry = { ...(seq === changed ? change(before) : before), previous_hash }
    const conversation = entry.conversation_id
    if (conversation !== undefined) entry.conversation_previous_hash = conversations.get(conversation) ?? ''
    const bytes = utf8(canonicalJson(entry, ENTRY_JSON))
    const leaf = leafHash(bytes)
    previous_hash = toHex(leaf)
    if (conversation !== undefined) conversations.set(conversation, previous_hash)
    return { entry: bytes, nodes: growth.append(leaf) }
  })
}

function readEntryAt(db: SqliteDatabase, seq: number): Entry {
  return entryOf(blobColumn(db.prepare('SELECT entry FROM entries WHERE seq = ?').get(seq), 'entry'))
}

export function entryOf(bytes: Uint8Array): Entry {
  const parsed = parseEntry(bytes)
  if ('fault' in parsed) throw new Error(`an entry cannot be read: ${parsed.fault.problem}`)
  return parsed.entry
}

function tamper(folder: string, attack: (db: SqliteDatabase) => unknown): void {
  const db = connectSqlite(databaseFile(folder), 'open')
  try {
    const triggers = readSchema(db).filter(({ sql }) => sql.startsWith('CREATE TRIGGER'))
    for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`)
    attack(db)
    for (const { sql } of triggers) db.exec(sql)
  } finally {
    db.close()
  }
}
