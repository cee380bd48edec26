// An SQLite database whose writes can be broken, one by one: put in front of a real one by what opens connections.

import type { SqliteDatabase, SqliteStatement } from '../stores/sqlite/database.ts'
import type { WriteFaults } from './write-faults.ts'

const WRITES = /^\s*(BEGIN|COMMIT|ROLLBACK|INSERT|UPDATE|DELETE|CREATE)\b/i

/** SQLITE_IOERR, as drivers report it. */
const IO_ERROR = { code: 'SQLITE_IOERR', errcode: 10 }

/** `db` with `faults` in front of every statement that writes or that begins or ends a transaction. */
export function faultyDatabase(db: SqliteDatabase, faults: WriteFaults): SqliteDatabase {
  return {
    exec: (sql) => (WRITES.test(sql) ? broken(faults, sql, () => db.exec(sql)) : db.exec(sql)),
    prepare(sql) {
      const statement = db.prepare(sql)
      return WRITES.test(sql) ? faultyStatement(statement, sql, faults) : statement
    },
    close: () => db.close(),
  }
}

function faultyStatement(statement: SqliteStatement, sql: string, faults: WriteFaults): SqliteStatement {
  return {
    run: (...values) => broken(faults, sql, () => statement.run(...values)),
    get: (...values) => broken(faults, sql, () => statement.get(...values)),
    all: (...values) => broken(faults, sql, () => statement.all(...values)),
  }
}

function broken<T>(faults: WriteFaults, sql: string, whole: () => T): T {
  const write = faults.next(nameOf(sql))
  const failure = Object.assign(new Error('disk I/O error'), IO_ERROR)
  write.before(failure)
  const result = whole()
  write.after(failure)
  return result
}

/** `INSERT INTO entries`, `BEGIN IMMEDIATE`, `COMMIT`: the words before the first bracket. */
function nameOf(sql: string): string {
  return sql.trim().split(/\s*[(;]/, 1)[0] ?? sql
}
