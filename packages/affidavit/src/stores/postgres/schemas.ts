// The schemas that this version writes: ledgers, and the keyring, in a database of its own or beside them (spec/postgres.md §2,
// spec/vault.md §9).

export interface SchemaKind {
  readonly schema: 'affidavit' | 'affidavit_keyring'
  /** Where its frozen SQL lies, one numbered file for each version. */
  readonly folder: URL
  /** The newest version, which this version writes. */
  readonly version: number
  /** What lies in it, as messages say it. */
  readonly holds: 'ledgers' | 'keyrings'
  /** The command that brings it up to date, as messages say it. */
  readonly migrate: string
  /** What gives a role the rights of a server, added to that command. */
  readonly grant: string
}

export const LEDGERS: SchemaKind = {
  schema: 'affidavit',
  folder: new URL('./schema/', import.meta.url),
  version: 2,
  holds: 'ledgers',
  migrate: 'affidavit migrate --ledger URL',
  grant: '--writer ROLE',
}

export const KEYRINGS: SchemaKind = {
  schema: 'affidavit_keyring',
  folder: new URL('./schema-keyring/', import.meta.url),
  version: 2,
  holds: 'keyrings',
  migrate: 'affidavit migrate --keyring URL',
  grant: '--server ROLE',
}
