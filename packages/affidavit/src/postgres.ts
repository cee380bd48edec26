// affidavit/postgres: the store in PostgreSQL by itself, for ledgers that are wired by hand, its verification, and what its owner runs.

export type { PgClient, PgPool, PgResult } from './stores/postgres/database.ts'
export { type Grantee, grantRole } from './stores/postgres/grants.ts'
export { type Migrated, migrate } from './stores/postgres/migrate.ts'
export { type PostgresStoreOptions, postgresStore } from './stores/postgres/store.ts'
export {
  type VerifiedDatabase,
  type VerifyOptions,
  verifyPostgres,
  verifyPostgresConversation,
  verifyPostgresRange,
} from './stores/postgres/verify.ts'
