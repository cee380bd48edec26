// Statements that are prepared once for each connection: compiling one takes longer than most look-ups.

import type { SqliteDatabase, SqliteStatement } from './database.ts'

/** The statement of some SQL; the same one again where it was prepared before. */
export type Prepare = (sql: string) => SqliteStatement

/** Beyond, all begin anew: filters combine in many ways, and nobody uses them all. */
const MAX_KEPT = 100

/** For as long as the connection is open: its statements end with it. */
export function prepareOnce(db: SqliteDatabase): Prepare {
  const kept = new Map<string, SqliteStatement>()
  return (sql) => {
    const known = kept.get(sql)
    if (known !== undefined) return known
    if (kept.size >= MAX_KEPT) kept.clear()
    const statement = db.prepare(sql)
    kept.set(sql, statement)
    return statement
  }
}
