// Which rights a role gets: a server appends and reads, a reader reads. Neither owns anything (spec/postgres.md §2).

import { LedgerError } from '../../errors/ledger-error.ts'
import { askOne } from './connect.ts'
import { column, type PgPool } from './database.ts'

/** `writer`: a server that records. `reader`: whoever looks with SQL, or verifies. */
export type Grantee = 'writer' | 'reader'

const READS = ['GRANT USAGE ON SCHEMA affidavit TO $role', 'GRANT SELECT ON ALL TABLES IN SCHEMA affidavit TO $role']

// What follows from the bytes of an entry is written by the database: a server may give the bytes and their place, no more.
const WRITES = [
  'GRANT INSERT (ledger_no, seq, entry, nodes) ON affidavit.entries TO $role',
  'GRANT INSERT ON affidavit.payloads, affidavit.payload_chunks, affidavit.checkpoints, affidavit.cosignatures TO $role',
  'GRANT UPDATE (size) ON affidavit.heads TO $role',
  'GRANT EXECUTE ON FUNCTION affidavit.create_ledger(text, name), affidavit.sweep_payloads(bigint, text), affidavit.caller() TO $role',
  'GRANT EXECUTE ON FUNCTION affidavit.append(bigint, bigint, bytea, integer, bytea, bytea, integer[], integer[], integer[], integer[]) TO $role',
]

/**
 * Gives a role the rights of a writer or a reader; as the owner. Done again, it changes nothing. Which ledgers it may use is
 * said by its memberships: each ledger belongs to a role.
 * @throws LedgerError `invalid-query` (no such role, or one that no right could hold back), `store-unavailable`
 */
export async function grantRole(pool: PgPool, role: string, grantee: Grantee): Promise<void> {
  await refuseUnbound(pool, role)
  const quoted = `"${role.replaceAll('"', '""')}"`
  const statements = grantee === 'writer' ? [...READS, ...WRITES] : READS
  await askOne(pool, { text: statements.map((sql) => sql.replace('$role', () => quoted)).join('; ') })
}

const ROLE = `SELECT r.rolsuper OR r.rolbypassrls AS unbound, pg_has_role(r.oid, n.nspowner, 'MEMBER') AS owns
  FROM pg_roles r CROSS JOIN pg_namespace n WHERE r.rolname = $1 AND n.nspname = 'affidavit'`

async function refuseUnbound(pool: PgPool, role: string): Promise<void> {
  const [found] = await askOne(pool, { text: ROLE, values: [role] })
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
