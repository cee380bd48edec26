// What the schema of a database is made of, as PostgreSQL's own catalog tells it: compared with what was released, it shows what
// somebody changed, disabled or added (spec/postgres.md §4).

import { readFileSync } from 'node:fs'

import { PLAIN_JSON, parseJson } from '../../bytes/json.ts'
import { unreachable } from '../../errors/ledger-error.ts'
import { LEDGERS, type SchemaKind } from './schemas.ts'
import type { Snapshot } from './snapshot.ts'

/** `trigger entries.no_change` and how it is defined. */
export type Catalog = ReadonlyMap<string, string>

// From PostgreSQL 18 on a column may take no null, and yet hold those of before.
const NULL_BEFORE = `EXISTS (SELECT FROM pg_constraint n WHERE n.conrelid = c.oid AND n.contype = 'n' AND n.conkey = ARRAY[a.attnum]
        AND NOT n.convalidated)`

// One row for each: its kind and name, and a definition in which nothing depends on who owns it or when it was made.
const objectsIn = (ns: string): string => `
  SELECT 'table ' || c.relname, concat_ws(' ', c.relkind, c.relpersistence, 'rls=' || c.relrowsecurity, 'forced=' || c.relforcerowsecurity)
    FROM pg_class c WHERE c.relnamespace = ${ns} AND c.relkind NOT IN ('i', 'I', 'S', 'c')
  UNION ALL SELECT 'column ' || c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull AND NOT ${NULL_BEFORE} THEN 'not null' END, (SELECT l.collname FROM pg_collation l WHERE l.oid = a.attcollation AND c.relkind = 'r'),
      nullif(a.attidentity, ''), nullif(a.attgenerated, ''), pg_get_expr(d.adbin, d.adrelid))
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relnamespace = ${ns} AND c.relkind IN ('r', 'p', 'v')
  UNION ALL SELECT 'constraint ' || c.relname || '.' || o.conname, concat_ws(' ', pg_get_constraintdef(o.oid), 'valid=' || o.convalidated)
    FROM pg_constraint o JOIN pg_class c ON c.oid = o.conrelid WHERE c.relnamespace = ${ns} AND o.contype IN ('p', 'u', 'f', 'c', 'x')
  UNION ALL SELECT 'index ' || i.relname, concat_ws(' ', pg_get_indexdef(i.oid), 'valid=' || x.indisvalid, 'ready=' || x.indisready)
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE i.relnamespace = ${ns}
  UNION ALL SELECT 'trigger ' || c.relname || '.' || t.tgname, concat_ws(' ', pg_get_triggerdef(t.oid), 'enabled=' || t.tgenabled::text)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = ${ns} AND NOT t.tgisinternal
  UNION ALL SELECT 'foreign key triggers ' || c.relname, string_agg(t.tgenabled::text, '' ORDER BY t.tgname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = ${ns} AND t.tgisinternal GROUP BY c.relname
  UNION ALL SELECT 'function ' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')', concat_ws(' ', l.lanname,
      md5(p.prosrc), 'definer=' || p.prosecdef, 'volatile=' || p.provolatile::text, array_to_string(p.proconfig, ','), pg_get_function_result(p.oid))
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = ${ns}
  UNION ALL SELECT 'policy ' || c.relname || '.' || o.polname, concat_ws(' ', o.polcmd::text, o.polpermissive, o.polroles::text,
      regexp_replace(concat_ws(' ', pg_get_expr(o.polqual, o.polrelid), pg_get_expr(o.polwithcheck, o.polrelid)), '\\s+', ' ', 'g'))
    FROM pg_policy o JOIN pg_class c ON c.oid = o.polrelid WHERE c.relnamespace = ${ns}
  UNION ALL SELECT 'rule ' || c.relname || '.' || r.rulename, CASE c.relkind WHEN 'v' THEN
      concat_ws(' ', array_to_string(c.reloptions, ','), regexp_replace(pg_get_viewdef(c.oid), '\\s+', ' ', 'g')) ELSE pg_get_ruledef(r.oid) END
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE c.relnamespace = ${ns}
  UNION ALL SELECT 'child table ' || h.inhrelid::regclass::text, 'of ' || c.relname
    FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhparent WHERE c.relnamespace = ${ns} AND c.relkind = 'r'`

export async function readCatalog(snapshot: Snapshot, { schema }: SchemaKind = LEDGERS): Promise<Catalog> {
  const rows = await snapshot.rows(objectsIn(namespace(schema)))
  return new Map(rows.map(([name, definition]) => [String(name), String(definition)] as const))
}

/** As it was released; made from a migrated database by the test that compares the two. */
export function releasedCatalog({ folder, version }: SchemaKind = LEDGERS): Catalog {
  const file = new URL(`${String(version).padStart(4, '0')}.catalog.json`, folder)
  const value = parseJson(readFileSync(file, 'utf8'), PLAIN_JSON)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    unreachable('the released catalog is an object')
  return new Map(Object.entries(value).map(([name, definition]) => [name, String(definition)] as const))
}

const namespace = (schema: SchemaKind['schema']): string => `'${schema}'::regnamespace`

/** Rights that nobody but the owner has on evidence, of roles that have them: `entries UPDATE rogue`. */
export async function readForbiddenGrants(snapshot: Snapshot, { schema }: SchemaKind = LEDGERS): Promise<string[]> {
  const ns = namespace(schema)
  const rows = await snapshot.rows(`
    SELECT c.relname || ' ' || a.privilege_type || ' ' || coalesce(r.rolname, 'PUBLIC')
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
      WHERE c.relnamespace = ${ns} AND a.grantee <> c.relowner AND a.privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES')
    UNION ALL SELECT c.relname || '.' || t.attname || ' ' || a.privilege_type || ' ' || coalesce(r.rolname, 'PUBLIC')
      FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN LATERAL aclexplode(t.attacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
      WHERE c.relnamespace = ${ns} AND a.grantee <> c.relowner AND a.privilege_type IN ('UPDATE', 'REFERENCES')
        AND NOT (c.relname = 'heads' AND t.attname = 'size')`)
  return rows.map(([grant]) => String(grant))
}
