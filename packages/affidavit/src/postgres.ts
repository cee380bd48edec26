// affidavit/postgres: the stores in PostgreSQL by themselves, for ledgers that are wired by hand, their verification, and what their
// owner runs.

export type { PgClient, PgPool, PgResult } from './stores/postgres/database.ts'
export { type Grantee, grantRole } from './stores/postgres/grants.ts'
export { type PostgresKeyringOptions, postgresKeyringStore } from './stores/postgres/keyring.ts'
export { type Migrated, migrate } from './stores/postgres/migrate.ts'
export { type PostgresStoreOptions, postgresStore } from './stores/postgres/store.ts'
export {
  type VerifiedDatabase,
  type VerifyOptions,
  verifyPostgres,
  verifyPostgresConversation,
  verifyPostgresRange,
} from './stores/postgres/verify.ts'
