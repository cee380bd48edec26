// The schemas that this version writes: ledgers, and the keyring, in a database of its own or beside them (spec/postgres.md §2,
// spec/vault.md §9).

export interface SchemaKind {
  readonly schema: 'affidavit' | 'affidavit_keyring'
  /** Where its frozen SQL lies, one numbered file for each version. */
  readonly folder: string
  /** The newest version, which this version writes. */
  readonly version: number
  /** What lies in it, as messages say it. */
  readonly holds: 'ledgers' | 'keyrings'
  /** The table that says which role may use what has a name. */
  readonly roles: string
  /** The command that brings it up to date, as messages say it. */
  readonly migrate: string
}

export const LEDGERS: SchemaKind = {
  schema: 'affidavit',
  folder: 'schema',
  version: 1,
  holds: 'ledgers',
  roles: 'affidavit.ledger_roles',
  migrate: 'affidavit migrate --ledger URL',
}

export const KEYRINGS: SchemaKind = {
  schema: 'affidavit_keyring',
  folder: 'schema-keyring',
  version: 1,
  holds: 'keyrings',
  roles: 'affidavit_keyring.keyring_roles',
  migrate: 'affidavit migrate --keyring URL',
}
