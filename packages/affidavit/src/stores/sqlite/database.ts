// The part of an SQLite driver that the store uses. node:sqlite's DatabaseSync and better-sqlite3's Database both fit;
// tests put a database with fault hooks in front of either.

export type SqlValue = null | number | string | Uint8Array

export interface SqliteStatement {
  run(...values: SqlValue[]): unknown
  get(...values: SqlValue[]): unknown
  all(...values: SqlValue[]): unknown[]
  /** Rows as arrays instead of objects, where the driver offers that. */
  setReturnArrays?(enabled: boolean): void
}

export interface SqliteDatabase {
  exec(sql: string): unknown
  prepare(sql: string): SqliteStatement
  close(): unknown
}

/** The primary result code of a driver's error (sqlite.org/rescode.html): node:sqlite numbers it, better-sqlite3 names it. */
export function sqliteCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  if ('errcode' in error && typeof error.errcode === 'number') return PRIMARY_CODES[error.errcode % 256]
  if ('code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_')) {
    return Object.values(PRIMARY_CODES).find((name) => String(error.code).startsWith(name))
  }
  return undefined
}

const PRIMARY_CODES: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
  15: 'SQLITE_PROTOCOL',
  19: 'SQLITE_CONSTRAINT',
  26: 'SQLITE_NOTADB',
}

/** A value of a row, by column name; drivers return rows as objects. */
export function column(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null ? Reflect.get(row, name) : undefined
}

/** A value of another type than its column: STRICT tables keep it out, so that somebody edited the file itself. */
export class ColumnFault extends TypeError {}

/** The values of a row in the order of its columns, whether it came as an array or as an object. */
export function columnsOf(row: unknown): readonly unknown[] {
  if (Array.isArray(row)) return row
  return typeof row === 'object' && row !== null ? Object.values(row) : []
}

export function integerColumn(row: unknown, name: string): number {
  const value = column(row, name)
  if (typeof value !== 'number') throw new ColumnFault(`column ${name} is no integer`)
  return value
}

export function textColumn(row: unknown, name: string): string {
  const value = column(row, name)
  if (typeof value !== 'string') throw new ColumnFault(`column ${name} is no text`)
  return value
}

export function blobColumn(row: unknown, name: string): Uint8Array {
  const value = column(row, name)
  if (!(value instanceof Uint8Array)) throw new ColumnFault(`column ${name} is no blob`)
  return value
}
