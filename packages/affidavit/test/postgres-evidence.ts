// A ledger in PostgreSQL with something in each of its tables; and all that a database holds of ledgers, as one text to compare.

import type { DraftPayload, LedgerStore, PreparedDraft, SealedPayload } from '../src/ledger/store.ts'
import { SAMPLE_TIME, samples } from '../src/testing/sample-drafts.ts'
import type { PostgresServer } from './postgres-server.ts'

/** Payloads of each ledger that `recordEverything` made: what an entry names, and what none does. */
export const NAMED: string = blobId(1)
export const UNNAMED: string = blobId(2)

/** Makes a ledger of four entries: with a person, with content of two chunks, in a conversation, and one that another caused. */
export async function recordEverything(store: LedgerStore, ledger: string): Promise<void> {
  const { prepare, batch, id } = samples(ledger)
  await store.create(ledger)
  const named = { state: 'sealed', ...payload(NAMED) } as const
  await store.keepPayload(ledger, payload(NAMED))
  await store.keepChunks(ledger, NAMED, 1, [Uint8Array.from([1, 2, 3])])
  await store.keepPayload(ledger, payload(UNNAMED))
  await store.keepChunks(ledger, UNNAMED, 1, [Uint8Array.from([4, 5, 6])])
  await store.commit(
    batch([
      prepare({ id: id(1), subject_ids: ['patient-1'], details: { room: 'a' } }),
      naming(prepare({ id: id(2) }), named),
      prepare({ id: id(3), conversation_id: 'c-1', resource_type: 'chart', resource_id: 'r-1' }),
      prepare({ id: id(4), parent_id: id(3) }),
    ]),
  )
  await store.keepCheckpoint(ledger, { size: 4, note: 'a note\n' })
  await store.keepCosignature(ledger, 4, '— witness AAAA')
}

function blobId(no: number): string {
  return SAMPLE_TIME.toString(16).padStart(12, '0') + String(no).padStart(20, '0')
}

export function payload(blob_id: string): SealedPayload {
  const bytes = Uint8Array.from({ length: 80 }, (_, i) => i)
  return { blob_id, body_digest: 'd'.repeat(64), content_key: bytes, sealed: bytes }
}

/** The draft with a payload, which its entry names. */
function naming(draft: PreparedDraft, payload: DraftPayload): PreparedDraft {
  const [first, ...rest] = draft.pieces
  const content = `"content":${JSON.stringify([{ blob_id: payload.blob_id }])},`
  return { ...draft, pieces: [first + content, ...rest], payloads: [payload] }
}

/** Every row, right, function, trigger and policy that a database has of ledgers, as the superuser sees them. */
export async function evidenceOf(server: PostgresServer, database: string): Promise<string> {
  const { rows } = await server.sql(
    database,
    "SELECT relname FROM pg_class WHERE relnamespace = 'affidavit'::regnamespace AND relkind = 'r'",
  )
  const tables = rows.map(
    ({ relname }) =>
      `SELECT '${relname}' AS what, string_agg(t::text, E'\\n' ORDER BY t::text) AS is FROM affidavit.${relname} t`,
  )
  const { rows: found } = await server.sql(database, `${[...tables, ...CATALOGS].join(' UNION ALL ')} ORDER BY 1, 2`)
  return found.map(({ what, is }) => `${what}\n${is}`).join('\n\n')
}

const OURS = "'affidavit'::regnamespace"
const CATALOGS = [
  `SELECT 'relation ' || relname, concat_ws(' ', relkind, relowner::regrole, relacl, relrowsecurity, relforcerowsecurity, relhassubclass)
    FROM pg_class WHERE relnamespace = ${OURS}`,
  `SELECT 'column ' || attrelid::regclass || attname, concat_ws(' ', attnum, atttypid, attacl) FROM pg_attribute
    JOIN pg_class c ON c.oid = attrelid WHERE relnamespace = ${OURS} AND attnum > 0`,
  `SELECT 'function ' || proname, concat_ws(' ', proowner::regrole, proacl, pg_get_functiondef(oid)) FROM pg_proc WHERE pronamespace = ${OURS}`,
  `SELECT 'trigger ' || tgrelid::regclass || tgname, concat_ws(' ', tgenabled, tgfoid::regproc) FROM pg_trigger
    JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = ${OURS} AND NOT tgisinternal`,
  `SELECT 'policy ' || tablename || policyname, concat_ws(' ', cmd, qual, with_check) FROM pg_policies WHERE schemaname = 'affidavit'`,
  `SELECT 'rule ' || tablename || rulename, definition FROM pg_rules WHERE schemaname = 'affidavit'`,
  `SELECT 'role ' || rolname, concat_ws(' ', rolsuper, rolcreaterole, rolbypassrls, rolreplication) FROM pg_roles WHERE rolname NOT LIKE 'pg\\_%'`,
  `SELECT 'member ' || roleid::regrole, member::regrole::text FROM pg_auth_members`,
]
