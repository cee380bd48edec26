// Ways to change, hide or forge records with SQL, each with the answer that PostgreSQL has for it (spec/postgres.md §2).

import { NAMED, UNNAMED } from './postgres-evidence.ts'
import { OWNER, SERVER } from './postgres-server.ts'

export const OTHER: string = 'other_server'
export const READER: string = 'a_reader'
export const OWN_LEDGER: string = 'own.example/agents/0123456789abcdef'
export const OTHER_LEDGER: string = 'other.example/agents/0123456789abcdef'

/** Tables that hold evidence; `heads` is a cache. */
export const TABLES: readonly string[] = [
  'cosignatures',
  'checkpoints',
  'entries',
  'entry_subjects',
  'heads',
  'ledgers',
  'payload_chunks',
  'payload_uses',
  'payloads',
  'schema_versions',
]

/** What was tried, and the answers: an SQLSTATE, the code of a warning, or what a command says it did. */
export type Attempt = readonly [name: string, sql: string | readonly string[], answer: string]

export const DENIED: string = '42501'
export const REFUSED: string = 'AF001'
/** A view that joins takes no writes, whoever asks. */
export const NO_VIEW: string = '55000'

export const DEFINITIONS: readonly Attempt[] = [
  ['drop the schema', 'DROP SCHEMA affidavit CASCADE', DENIED],
  ['rename the schema', 'ALTER SCHEMA affidavit RENAME TO gone', DENIED],
  ['add a table to the schema', 'CREATE TABLE affidavit.more (x int)', DENIED],
  ['add a view to the schema', 'CREATE VIEW affidavit.more AS SELECT 1', DENIED],
  ['replace the view of records', 'CREATE OR REPLACE VIEW affidavit.records AS SELECT 1', DENIED],
  ['let the view see as its owner', 'ALTER VIEW affidavit.records SET (security_invoker = false)', DENIED],
  ['replace the function of the triggers', replaced('refuse_change()', 'trigger', 'BEGIN RETURN NULL; END'), DENIED],
  ['replace the function that derives', replaced('derive_entry()', 'trigger', 'BEGIN RETURN NEW; END'), DENIED],
  ['overload a function', replaced('sweep_payloads(bigint)', 'bigint', 'BEGIN RETURN 1; END'), DENIED],
  ['drop a function', 'DROP FUNCTION affidavit.refuse_change() CASCADE', DENIED],
  ['give a function another path', 'ALTER FUNCTION affidavit.derive_entry() SET search_path = public', DENIED],
  ['add a column', 'ALTER TABLE affidavit.entries ADD COLUMN more text', DENIED],
  ['drop a column', 'ALTER TABLE affidavit.entries DROP COLUMN nodes', DENIED],
  ['inherit from the table', 'CREATE TEMP TABLE more () INHERITS (affidavit.entries)', DENIED],
  [
    'point a foreign key at the table',
    'CREATE TEMP TABLE more (l bigint, s bigint, FOREIGN KEY (l, s) REFERENCES affidavit.entries)',
    '42P16',
  ],
  ['disable one trigger', 'ALTER TABLE affidavit.entries DISABLE TRIGGER no_change', DENIED],
  ['disable all triggers', 'ALTER TABLE affidavit.entries DISABLE TRIGGER ALL', DENIED],
  ['drop a trigger', 'DROP TRIGGER no_change ON affidavit.entries', DENIED],
  [
    'add a trigger',
    'CREATE TRIGGER more BEFORE INSERT ON affidavit.entries FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
    DENIED,
  ],
  [
    'add an event trigger',
    'CREATE EVENT TRIGGER more ON ddl_command_start EXECUTE FUNCTION affidavit.refuse_change()',
    DENIED,
  ],
  ['add a rule', 'CREATE RULE hide AS ON SELECT TO affidavit.entries DO INSTEAD SELECT 1', DENIED],
  ['add a rule that inserts nothing', 'CREATE RULE hide AS ON INSERT TO affidavit.entries DO INSTEAD NOTHING', DENIED],
  ['add a policy', 'CREATE POLICY hide ON affidavit.entries AS RESTRICTIVE USING (false)', DENIED],
  ['change a policy', 'ALTER POLICY own ON affidavit.entries USING (true)', DENIED],
  ['drop a policy', 'DROP POLICY own ON affidavit.entries', DENIED],
  ['disable row-level security', 'ALTER TABLE affidavit.entries DISABLE ROW LEVEL SECURITY', DENIED],
  ['add an index', 'CREATE INDEX ON affidavit.entries (nodes)', DENIED],
  ['drop an index', 'DROP INDEX affidavit.entries_by_id', DENIED],
  ['take over a table', 'ALTER TABLE affidavit.entries OWNER TO CURRENT_USER', DENIED],
  ['drop what the owner owns', `DROP OWNED BY ${OWNER}`, DENIED],
  ['take over what the owner owns', `REASSIGN OWNED BY ${OWNER} TO CURRENT_USER`, DENIED],
  ['comment on a table', "COMMENT ON TABLE affidavit.entries IS 'nothing here'", DENIED],
  ['change a trigger in the catalog', "UPDATE pg_trigger SET tgenabled = 'D'", DENIED],
  ['change row-level security in the catalog', 'UPDATE pg_class SET relrowsecurity = false', DENIED],
  ['write catalogs', 'SET allow_system_table_mods = on', DENIED],
  ['publish a table to a subscriber', 'CREATE PUBLICATION more FOR TABLE affidavit.entries', DENIED],
  ['add an extension', 'CREATE EXTENSION pgcrypto', DENIED],
  ['add a schema', 'CREATE SCHEMA more', DENIED],
  ['add a function for everybody', 'CREATE FUNCTION public.convert_from(bytea, text) RETURNS text RETURN NULL', DENIED],
  ['drop the database', 'DROP DATABASE affidavit_template', DENIED],
  ['set the database', 'ALTER DATABASE affidavit_template SET row_security = off', DENIED],
]

export const ROLES: readonly Attempt[] = [
  ['become the owner', `SET ROLE ${OWNER}`, DENIED],
  ['become another server', `SET ROLE ${OTHER}`, DENIED],
  ['become the superuser', 'SET ROLE super', DENIED],
  ['authorise as the owner', `SET SESSION AUTHORIZATION ${OWNER}`, DENIED],
  ['become a member of the owner', `GRANT ${OWNER} TO CURRENT_USER`, DENIED],
  ['become a member of who writes data', 'GRANT pg_write_all_data TO CURRENT_USER', DENIED],
  ['become a superuser', 'ALTER ROLE CURRENT_USER SUPERUSER', DENIED],
  ['get round row-level security', 'ALTER ROLE CURRENT_USER BYPASSRLS', DENIED],
  ['rename another', `ALTER ROLE ${OTHER} RENAME TO more`, DENIED],
  ['give the owner a password', `ALTER ROLE ${OWNER} PASSWORD 'x'`, DENIED],
  ['grant oneself UPDATE', 'GRANT UPDATE, DELETE, TRUNCATE ON affidavit.entries TO CURRENT_USER', '01007'],
  ['grant oneself a function', 'GRANT EXECUTE ON FUNCTION affidavit.derive_entry() TO CURRENT_USER', DENIED],
  ['grant everybody the schema', 'GRANT ALL ON SCHEMA affidavit TO PUBLIC', '01007'],
  ['replicate, so that triggers rest', "SET session_replication_role = 'replica'", DENIED],
  ['replicate from the next session on', "ALTER ROLE CURRENT_USER SET session_replication_role = 'replica'", DENIED],
  ['read without row-level security', ['SET row_security = off', 'SELECT * FROM affidavit.entries'], DENIED],
  ['update without row-level security', ['SET row_security = off', 'UPDATE affidavit.heads SET size = 0'], DENIED],
  [
    'end the session of another',
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'super'`,
    DENIED,
  ],
  ['run a program', "COPY (SELECT 1) TO PROGRAM 'true'", DENIED],
  ['read a file of the server', "SELECT pg_read_file('postgresql.conf')", DENIED],
  ['bring a file in as a large object', "SELECT lo_import('/etc/passwd')", DENIED],
  ['set what the server syncs', 'ALTER SYSTEM SET fsync = off', DENIED],
  ['call the function of the triggers', 'SELECT affidavit.derive_entry()', DENIED],
]

/** A row of `entries`, as a server may hand it in: what an entry says of its place, and where it is put. */
function entryRow(seq: number, ledger: string = OWN_LEDGER, at: number = seq): string {
  const members = { action: 'a', actor_id: 'a', id: `i${seq}`, ledger, recorded_at: 'r', seq, timestamp: 't' }
  return `(1, ${at}, convert_to('${JSON.stringify(members)}', 'UTF8'), '')`
}

const APPEND = 'INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES'
const ENTRY = `convert_to('{"action":"a","actor_id":"a","id":"i","ledger":"l","recorded_at":"r","seq":4,"timestamp":"t"}', 'UTF8')`

export const FORGERIES: readonly Attempt[] = [
  [
    'forge the id of an entry',
    `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes, id) VALUES (1, 4, ${ENTRY}, '', 'x')`,
    DENIED,
  ],
  [
    'forge its conversation',
    `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes, conversation_id) VALUES (1, 4, ${ENTRY}, '', 'x')`,
    DENIED,
  ],
  ['forge all of its columns', `INSERT INTO affidavit.entries SELECT * FROM affidavit.entries`, DENIED],
  [
    'an entry over another',
    `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES (1, 0, ${ENTRY}, '')`,
    REFUSED,
  ],
  ['an entry at another place than it says', `${APPEND} ${entryRow(5, OWN_LEDGER, 4)}`, REFUSED],
  ['an entry of a ledger in another', `${APPEND} ${entryRow(4, OTHER_LEDGER)}`, REFUSED],
  ['an entry of no ledger', `${APPEND} ${entryRow(4).replace('ledger', 'legder')}`, REFUSED],
  ['an entry behind a gap', `${APPEND} ${entryRow(5)}`, REFUSED],
  ['entries with a gap between them', `${APPEND} ${entryRow(4)}, ${entryRow(6)}`, REFUSED],
  [
    'an entry of another tenant',
    `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES (2, 4, ${ENTRY}, '')`,
    DENIED,
  ],
  ['a person of an entry', `INSERT INTO affidavit.entry_subjects VALUES (1, 1, 'patient-2', 't')`, DENIED],
  ['a use of a payload', `INSERT INTO affidavit.payload_uses VALUES (1, 0, '${UNNAMED}')`, DENIED],
  [
    'a chunk of a payload that an entry names',
    `INSERT INTO affidavit.payload_chunks VALUES (1, '${NAMED}', 2, 'x')`,
    REFUSED,
  ],
  [
    'a payload over another',
    `INSERT INTO affidavit.payloads SELECT ledger_no, blob_id, 'x', 'x', 'x' FROM affidavit.payloads`,
    '23505',
  ],
  ['a checkpoint over another', "INSERT INTO affidavit.checkpoints VALUES (1, 4, 'x')", '23505'],
  ['a cosignature over another', "INSERT INTO affidavit.cosignatures VALUES (1, 4, 0, 'x')", '23505'],
  ['a head', 'INSERT INTO affidavit.heads VALUES (3, 0)', DENIED],
  ['a ledger', "INSERT INTO affidavit.ledgers (origin) VALUES ('x/1')", DENIED],
  ['the number of a ledger', "SELECT setval('affidavit.ledgers_ledger_no_seq', 1)", DENIED],
  ['a ledger of the other', `UPDATE affidavit.ledgers SET role = '${SERVER}'`, DENIED],
  ['a schema version', "INSERT INTO affidavit.schema_versions (version, sha256) VALUES (2, '')", DENIED],
  [
    'update on conflict',
    `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES (1, 0, ${ENTRY}, '') ON CONFLICT (ledger_no, seq) DO UPDATE SET entry = excluded.entry`,
    DENIED,
  ],
  [
    'update a payload on conflict',
    `INSERT INTO affidavit.payloads VALUES (1, '${NAMED}', 'x', 'x', 'x') ON CONFLICT (ledger_no, blob_id) DO UPDATE SET sealed = excluded.sealed`,
    DENIED,
  ],
  [
    'merge an update',
    "MERGE INTO affidavit.entries e USING (SELECT 1) x ON e.seq = 0 WHEN MATCHED THEN UPDATE SET entry = 'x'",
    DENIED,
  ],
  ['merge a delete', 'MERGE INTO affidavit.checkpoints c USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE', DENIED],
  ['a head that is too small', 'UPDATE affidavit.heads SET size = 0', REFUSED],
  ['a head that is too large', 'UPDATE affidavit.heads SET size = size + 1', REFUSED],
  ['the head of another tenant', 'UPDATE affidavit.heads SET size = 0 WHERE ledger_no = 2', 'UPDATE 0'],
  ['a head for another ledger', 'UPDATE affidavit.heads SET ledger_no = 3', DENIED],
  ['lock out readers', ['BEGIN', 'LOCK TABLE affidavit.entries IN ACCESS EXCLUSIVE MODE'], DENIED],
  ['copy over entries', 'COPY affidavit.entries FROM STDIN', DENIED],
  ['copy entries with their bytes alone', 'COPY affidavit.entries (ledger_no, seq, entry, nodes) FROM STDIN', '0A000'],
  ['copy payloads', 'COPY affidavit.payloads FROM STDIN', '0A000'],
  ['sweep the payloads of another tenant', "SELECT affidavit.sweep_payloads(2, '~')", 'AF002'],
  ['sweep the payloads of no ledger', "SELECT affidavit.sweep_payloads(99, '~')", 'AF002'],
  ['sweep the payloads of nothing', "SELECT affidavit.sweep_payloads(NULL, '~')", 'AF002'],
]

function replaced(signature: string, returns: string, body: string): string {
  return `CREATE OR REPLACE FUNCTION affidavit.${signature} RETURNS ${returns} LANGUAGE plpgsql AS $$ ${body} $$`
}

export const EACH_TABLE: readonly Attempt[] = TABLES.flatMap((table): Attempt[] => [
  [`delete from ${table}`, `DELETE FROM affidavit.${table}`, DENIED],
  [`truncate ${table}`, `TRUNCATE affidavit.${table}`, DENIED],
  [`truncate ${table} and what points to it`, `TRUNCATE affidavit.${table} CASCADE`, DENIED],
  [`drop ${table}`, `DROP TABLE affidavit.${table} CASCADE`, DENIED],
])

export const READER_WRITES: readonly Attempt[] = [
  ...TABLES.map((table): Attempt => [`insert into ${table}`, `INSERT INTO affidavit.${table} DEFAULT VALUES`, DENIED]),
  [
    'insert an entry',
    `INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes) VALUES (1, 4, ${ENTRY}, '')`,
    DENIED,
  ],
  ['move the head', 'UPDATE affidavit.heads SET size = size', DENIED],
  ['hold the lock of a head', 'SELECT * FROM affidavit.heads FOR UPDATE', DENIED],
  ['make a ledger', "SELECT affidavit.create_ledger('own.example/agents/2')", DENIED],
  ['sweep', "SELECT affidavit.sweep_payloads(1, '~')", DENIED],
]

const EXCHANGE = (ledger: number, seq: number, bytes: string): string =>
  `SELECT affidavit.exchange_entries(${ledger}, '{${seq}}', ARRAY(SELECT ${bytes} FROM affidavit.entries WHERE ledger_no = 1 AND seq = ${seq}))`
const MARK = `"_stub":{"block":0,"segment":"${'0'.repeat(32)}","state":"archived"}`
const said = (more: string): string => `convert_to('{${MARK},' || substr((${more})::text, 2), 'UTF8')`
const MEMBERS = "convert_from(entry, 'UTF8')::jsonb"
/** The stub of the entry that is read. */
const STUB = said(MEMBERS)

/** Functions that a role of retention alone may call. */
export const LETTING_GO: readonly Attempt[] = [
  ['let an entry leave', EXCHANGE(1, 0, STUB), DENIED],
  ['bring content back', `SELECT affidavit.fill_payload(1, '${NAMED}', '{x}')`, DENIED],
  ['ask what names content', `SELECT affidavit.is_named(1, '${NAMED}')`, DENIED],
]

/** What a role of retention cannot do with them. */
export const FALSE_STUBS: readonly Attempt[] = [
  ['put other bytes into a row', EXCHANGE(1, 0, `convert_to('{}', 'UTF8')`), REFUSED],
  ['take a space into a row', EXCHANGE(1, 0, `entry || '\\x20'::bytea`), REFUSED],
  ['put the stub of another entry into a row', EXCHANGE(1, 0, said(`${MEMBERS} || '{"id":"x"}'`)), REFUSED],
  ['say another actor', EXCHANGE(1, 0, said(`${MEMBERS} || '{"actor_id":"x"}'`)), REFUSED],
  ['say another action', EXCHANGE(1, 0, said(`${MEMBERS} || '{"action":"x"}'`)), REFUSED],
  ['say another time', EXCHANGE(1, 0, said(`${MEMBERS} || '{"timestamp":"x"}'`)), REFUSED],
  ['say another draft', EXCHANGE(1, 0, said(`${MEMBERS} || '{"draft_commitment":"x"}'`)), REFUSED],
  ['say another conversation', EXCHANGE(1, 2, said(`${MEMBERS} || '{"conversation_id":"x"}'`)), REFUSED],
  ['say another resource', EXCHANGE(1, 2, said(`${MEMBERS} || '{"resource_id":"x"}'`)), REFUSED],
  ['let the newest entry leave', EXCHANGE(1, 3, STUB), REFUSED],
  ['bring back what never left', EXCHANGE(1, 0, 'entry'), REFUSED],
  ['let an entry of another tenant leave', EXCHANGE(2, 0, STUB), 'AF002'],
  ['let an entry of no ledger leave', EXCHANGE(99, 0, STUB), 'AF002'],
  ['let an entry of nothing leave', EXCHANGE(1, 0, STUB).replace('(1,', '(NULL,'), 'AF002'],
  ['fill content of another tenant', `SELECT affidavit.fill_payload(2, '${NAMED}', '{x}')`, 'AF002'],
  ['fill content that is whole', `SELECT affidavit.fill_payload(1, '${NAMED}', '{x}')`, 'SELECT 1'],
]
