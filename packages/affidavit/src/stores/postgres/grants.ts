// Which rights a role gets: a server appends and reads, a reader reads, and whoever uses a keyring asks its functions. None owns
// anything (spec/postgres.md §2, spec/vault.md §9).

import { LedgerError } from '../../errors/ledger-error.ts'
import { askOne } from './connect.ts'
import { column, type PgPool, textColumn } from './database.ts'
import { KEYRINGS, LEDGERS, type SchemaKind } from './schemas.ts'

/** `writer`: a server that records. `retention`: whoever also lets records leave, and brings them back. `reader`: whoever looks with SQL, or verifies. `keyring`: a server, in its keyring's database. */
export type Grantee = 'writer' | 'retention' | 'reader' | 'keyring'

const READS = ['GRANT USAGE ON SCHEMA affidavit TO $role', 'GRANT SELECT ON ALL TABLES IN SCHEMA affidavit TO $role']

// What follows from the bytes of an entry is written by the database: a server may give the bytes and their place, no more.
const WRITES = [
  'GRANT INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries TO $role',
  'GRANT INSERT ON affidavit.payloads, affidavit.payload_chunks, affidavit.checkpoints, affidavit.cosignatures TO $role',
  'GRANT UPDATE (size) ON affidavit.heads TO $role',
  'GRANT EXECUTE ON FUNCTION affidavit.create_ledger(text, name), affidavit.sweep_payloads(bigint, text), affidavit.caller() TO $role',
  'GRANT EXECUTE ON FUNCTION affidavit.append(bigint, bigint, bytea, integer, bytea, bytea, integer[], integer[], integer[], integer[]) TO $role',
]

// No server has these: stubs are put in the place of entries by whoever keeps records, and the database looks at each.
const REMOVES = [
  'GRANT EXECUTE ON FUNCTION affidavit.exchange_entries(bigint, bigint[], bytea[]), affidavit.fill_payload(bigint, text, bytea[]) TO $role',
]

// Nothing of a keyring is written but by functions that look first.
const KEYRING = [
  'GRANT USAGE ON SCHEMA affidavit_keyring TO $role',
  'GRANT SELECT ON ALL TABLES IN SCHEMA affidavit_keyring TO $role',
  `GRANT EXECUTE ON FUNCTION affidavit_keyring.begin_keyring(text, bigint, text, bytea, text[]),
    affidavit_keyring.put_rows(text, bigint, bigint, text[], text[], text[], text[], bytea[]),
    affidavit_keyring.turn_over(text, bigint, bigint, bigint, bigint, text, bytea, text[]),
    affidavit_keyring.clear_rows(text), affidavit_keyring.settle(text), affidavit_keyring.forget_version(text, text) TO $role`,
]

const RIGHTS: Readonly<Record<Grantee, { readonly kind: SchemaKind; readonly statements: readonly string[] }>> = {
  writer: { kind: LEDGERS, statements: [...READS, ...WRITES] },
  retention: { kind: LEDGERS, statements: [...READS, ...WRITES, ...REMOVES] },
  reader: { kind: LEDGERS, statements: READS },
  keyring: { kind: KEYRINGS, statements: KEYRING },
}

/**
 * Gives a role the rights of a writer, a reader or a server that uses keyrings; as the owner. Done again, it changes nothing. Which
 * ledgers it may use is said by its memberships: each ledger belongs to a role.
 * @param keyring for a server that uses keyrings: the ledger, without its incarnation, whose keyring it may use; none where left out, and
 *   it may still make its own
 * @throws LedgerError `invalid-query` (no such role, or one that no right could hold back), `store-unavailable`
 */
export async function grantRole(pool: PgPool, role: string, grantee: Grantee, keyring?: string): Promise<void> {
  const { kind, statements } = RIGHTS[grantee]
  await refuseUnbound(pool, kind, role)
  const quoted = `"${role.replaceAll('"', '""')}"`
  await askOne(pool, { text: statements.map((sql) => sql.replace('$role', () => quoted)).join('; ') })
  if (keyring === undefined || grantee !== 'keyring') return
  await askOne(pool, {
    text: 'INSERT INTO affidavit_keyring.keyring_roles (name, role_name) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    values: [keyring, role],
  })
}

/**
 * Refuses NAMEs of which no keyring has begun; as the owner, who sees them all.
 * @throws LedgerError `invalid-query`, `store-unavailable`
 */
export async function refuseUnbegun(pool: PgPool, names: readonly string[]): Promise<void> {
  const rows = await askOne(pool, { text: 'SELECT name FROM affidavit_keyring.keyrings ORDER BY name' })
  const begun = rows.map((row) => textColumn(row, 'name'))
  const unknown = names.find((name) => !begun.includes(name))
  if (unknown === undefined) return
  throw new LedgerError('invalid-query', {
    problem: `no keyring of ${unknown} has begun in this database; no role was given any right`,
    cure: begun.length === 0 ? 'affidavit init --keyring URL begins one' : `here are: ${listed(begun)}`,
    path: '--keyring-of',
  })
}

const LISTED = 20

function listed(names: readonly string[]): string {
  const more = names.length > LISTED ? `, and ${names.length - LISTED} more` : ''
  return `${names.slice(0, LISTED).join(', ')}${more}`
}

const ROLE = `SELECT r.rolsuper OR r.rolbypassrls AS unbound, pg_has_role(r.oid, n.nspowner, 'MEMBER') AS owns
  FROM pg_roles r CROSS JOIN pg_namespace n WHERE r.rolname = $1 AND n.nspname = $2`

async function refuseUnbound(pool: PgPool, { schema }: SchemaKind, role: string): Promise<void> {
  const [found] = await askOne(pool, { text: ROLE, values: [role, schema] })
  if (found === undefined) throw refused(`there is no role ${role}`, 'CREATE ROLE makes one')
  if (column(found, 'unbound') === true) {
    throw refused(
      `the role ${role} is a superuser, or has BYPASSRLS: no right would hold it back`,
      'name a role of the server alone',
    )
  }
  if (column(found, 'owns') === true) {
    throw refused(
      `the role ${role} owns the schema, and may change everything in it`,
      'run migrate as an owner that no server uses',
    )
  }
}

function refused(problem: string, cure: string): LedgerError {
  return new LedgerError('invalid-query', { problem, cure, path: 'role' })
}
