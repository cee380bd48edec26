// affidavit/sqlite: the embedded store by itself, for ledgers that are wired by hand, and its verification.

export type { SqliteDatabase, SqliteStatement, SqlValue } from './stores/sqlite/database.ts'
export { sqliteStore } from './stores/sqlite/store.ts'
export { type VerifyOptions, verifySqlite } from './stores/sqlite/verify.ts'
