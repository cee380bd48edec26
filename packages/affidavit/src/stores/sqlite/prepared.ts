// Statements that are prepared once for each connection: compiling one takes longer than most look-ups.

import type { SqliteDatabase, SqliteStatement } from './database.ts'

/** Beyond, all begin anew: filters combine in many ways, and nobody uses them all. */
const MAX_KEPT = 100

const kept = new WeakMap<SqliteDatabase, Map<string, SqliteStatement>>()

export function prepared(db: SqliteDatabase, sql: string): SqliteStatement {
  const statements = kept.get(db) ?? new Map<string, SqliteStatement>()
  const known = statements.get(sql)
  if (known !== undefined) return known
  if (statements.size >= MAX_KEPT) statements.clear()
  const statement = db.prepare(sql)
  statements.set(sql, statement)
  kept.set(db, statements)
  return statement
}
