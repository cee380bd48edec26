-- Schema 1. Frozen: a change is a new numbered file. Run by `affidavit migrate` as the owner, in one transaction; the owner is
-- nobody's running server. Every evidence table is append-only, by grants and by triggers; the ledger leads every key, so that
-- tables can be partitioned or distributed by it.

CREATE SCHEMA affidavit;
REVOKE ALL ON SCHEMA affidavit FROM PUBLIC;

CREATE TABLE affidavit.schema_versions (
  version    integer PRIMARY KEY,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_by text NOT NULL DEFAULT session_user
);

CREATE TABLE affidavit.ledgers (
  ledger_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  origin    text COLLATE "C" NOT NULL UNIQUE,
  -- The origin without its incarnation: who may use a ledger may use what comes after a restore.
  name      text COLLATE "C" NOT NULL GENERATED ALWAYS AS (regexp_replace(origin, '/[^/]*$', '')) STORED,
  -- Whose it is: this role's, and of whoever is a member of it. One that was dropped is nobody's.
  role      regrole NOT NULL
);
CREATE INDEX ledgers_by_name ON affidavit.ledgers (name);

-- A cache, and the lock that writers of a ledger take in turn. Never evidence.
CREATE TABLE affidavit.heads (
  ledger_no bigint PRIMARY KEY,
  size      bigint NOT NULL CHECK (size >= 0)
);

-- What is searched by is derived from the committed bytes by a trigger, whatever an INSERT says of it. A verifier compares it.
CREATE TABLE affidavit.entries (
  ledger_no        bigint NOT NULL,
  seq              bigint NOT NULL CHECK (seq >= 0),
  entry            bytea NOT NULL,
  nodes            bytea NOT NULL,
  id               text COLLATE "C" NOT NULL,
  action           text COLLATE "C" NOT NULL,
  actor_id         text COLLATE "C" NOT NULL,
  conversation_id  text COLLATE "C",
  conversation_seq bigint,
  parent_id        text COLLATE "C",
  resource_type    text COLLATE "C",
  resource_id      text COLLATE "C",
  "timestamp"      text COLLATE "C" NOT NULL,
  recorded_at      text COLLATE "C" NOT NULL,
  PRIMARY KEY (ledger_no, seq)
);
-- Entries do not compress: salts and hashes are a third of them, and a read must not depend on it.
ALTER TABLE affidavit.entries ALTER COLUMN entry SET STORAGE EXTERNAL, ALTER COLUMN nodes SET STORAGE PLAIN;

CREATE INDEX entries_by_action ON affidavit.entries (ledger_no, action, seq, "timestamp");
CREATE INDEX entries_by_actor ON affidavit.entries (ledger_no, actor_id, seq, "timestamp");
CREATE UNIQUE INDEX entries_by_conversation ON affidavit.entries (ledger_no, conversation_id, conversation_seq)
  WHERE conversation_id IS NOT NULL;
CREATE INDEX entries_by_parent ON affidavit.entries (ledger_no, parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE INDEX entries_by_resource ON affidavit.entries (ledger_no, resource_type, resource_id, seq, "timestamp")
  WHERE resource_type IS NOT NULL;
CREATE INDEX entries_by_timestamp ON affidavit.entries (ledger_no, "timestamp", seq);
CREATE INDEX entries_by_recorded_at ON affidavit.entries (ledger_no, recorded_at, seq);
CREATE UNIQUE INDEX entries_by_id ON affidavit.entries (ledger_no, id);
COMMENT ON COLUMN affidavit.entries."timestamp" IS 'claimed: when it happened, as the caller says';
COMMENT ON COLUMN affidavit.entries.recorded_at IS 'recorded: the time of the ledger, which never decreases with seq';
COMMENT ON INDEX affidavit.entries_by_action IS 'by action, in the order of seq (recorded time), with the claimed time';
COMMENT ON INDEX affidavit.entries_by_actor IS 'by actor, in the order of seq (recorded time), with the claimed time';
COMMENT ON INDEX affidavit.entries_by_conversation IS 'by conversation, in the order of conversation_seq (recorded time)';
COMMENT ON INDEX affidavit.entries_by_resource IS 'by resource, in the order of seq (recorded time), with the claimed time';
COMMENT ON INDEX affidavit.entries_by_timestamp IS 'by claimed time alone';
COMMENT ON INDEX affidavit.entries_by_recorded_at IS 'by recorded time alone';

CREATE TABLE affidavit.entry_subjects (
  ledger_no   bigint NOT NULL,
  seq         bigint NOT NULL,
  subject_id  text COLLATE "C" NOT NULL,
  "timestamp" text COLLATE "C" NOT NULL,
  PRIMARY KEY (ledger_no, seq, subject_id)
);
CREATE INDEX entry_subjects_by_subject ON affidavit.entry_subjects (ledger_no, subject_id, seq, "timestamp");
COMMENT ON INDEX affidavit.entry_subjects_by_subject IS 'by data subject, in the order of seq (recorded time), with the claimed time';

-- Sealed content. The first chunk lies with its payload; small bodies have no other.
CREATE TABLE affidavit.payloads (
  ledger_no   bigint NOT NULL,
  blob_id     text COLLATE "C" NOT NULL,
  body_digest text COLLATE "C" NOT NULL,
  content_key bytea NOT NULL,
  sealed      bytea NOT NULL,
  PRIMARY KEY (ledger_no, blob_id)
);
CREATE TABLE affidavit.payload_chunks (
  ledger_no bigint NOT NULL,
  blob_id   text COLLATE "C" NOT NULL,
  chunk_no  integer NOT NULL CHECK (chunk_no > 0),
  sealed    bytea NOT NULL,
  PRIMARY KEY (ledger_no, blob_id, chunk_no)
);
-- Ciphertext does not compress.
ALTER TABLE affidavit.payloads ALTER COLUMN sealed SET STORAGE EXTERNAL, ALTER COLUMN content_key SET STORAGE EXTERNAL;
ALTER TABLE affidavit.payload_chunks ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Which entries name a payload. The key to payloads keeps one from being swept while a record takes it.
CREATE TABLE affidavit.payload_uses (
  ledger_no bigint NOT NULL,
  seq       bigint NOT NULL,
  blob_id   text COLLATE "C" NOT NULL,
  PRIMARY KEY (ledger_no, seq, blob_id),
  FOREIGN KEY (ledger_no, blob_id) REFERENCES affidavit.payloads
);
CREATE INDEX payload_uses_by_blob ON affidavit.payload_uses (ledger_no, blob_id, seq);

CREATE TABLE affidavit.checkpoints (
  ledger_no bigint NOT NULL,
  size      bigint NOT NULL,
  note      bytea NOT NULL,
  PRIMARY KEY (ledger_no, size)
);
CREATE TABLE affidavit.cosignatures (
  ledger_no bigint NOT NULL,
  size      bigint NOT NULL,
  line_no   integer NOT NULL,
  line      bytea NOT NULL,
  PRIMARY KEY (ledger_no, size, line_no)
);

-- The planner keeps no values of what tenants wrote: EXPLAIN would tell each of them what the others have. No search of ours rests on them.
DO $statistics$
DECLARE one record;
BEGIN
  FOR one IN SELECT c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'affidavit'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND a.atttypid IN ('text'::regtype, 'bytea'::regtype) LOOP
    EXECUTE format('ALTER TABLE affidavit.%I ALTER COLUMN %I SET STATISTICS 0', one.relname, one.attname);
  END LOOP;
END $statistics$;

-- Row-level security: a role sees and writes the ledgers that are its own, and no query of it shows that there are others.

ALTER TABLE affidavit.ledgers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON affidavit.ledgers USING (pg_has_role(role::oid, 'MEMBER'));

-- By a look-up for each row, or, where many rows are read, by the list of them all: the planner chooses.
DO $policies$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['heads', 'entries', 'entry_subjects', 'payloads', 'payload_chunks', 'payload_uses', 'checkpoints', 'cosignatures'] LOOP
    EXECUTE format('ALTER TABLE affidavit.%I ENABLE ROW LEVEL SECURITY', one);
    EXECUTE format('CREATE POLICY own ON affidavit.%I USING (EXISTS (SELECT 1 FROM affidavit.ledgers l WHERE l.ledger_no = %I.ledger_no))', one, one);
  END LOOP;
END $policies$;

-- Append-only, for every role that triggers hold for, and in every session_replication_role.

CREATE FUNCTION affidavit.refuse_change() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'evidence is never changed; a correction is a record of its own';
  END $$;

-- A payload that no entry names is no evidence: what was kept for a record that never came. Asked of now: whoever looks at an earlier
-- instant sees no entry that came since.
CREATE FUNCTION affidavit.refuse_in_use() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR EXISTS
      (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = OLD.ledger_no AND u.blob_id = OLD.blob_id) THEN
      RAISE EXCEPTION 'in use: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'an entry names this payload, or the transaction is not READ COMMITTED';
    END IF;
    RETURN OLD;
  END $$;

DO $triggers$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['schema_versions', 'ledgers', 'entries', 'entry_subjects', 'payload_uses', 'checkpoints', 'cosignatures'] LOOP
    EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE OR DELETE ON affidavit.%I FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_change()', one);
    EXECUTE format('ALTER TABLE affidavit.%I ENABLE ALWAYS TRIGGER no_change', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['payloads', 'payload_chunks'] LOOP
    EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE ON affidavit.%I FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_change()', one);
    EXECUTE format('ALTER TABLE affidavit.%I ENABLE ALWAYS TRIGGER no_change', one);
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON affidavit.%I FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_in_use()', one);
    EXECUTE format('ALTER TABLE affidavit.%I ENABLE ALWAYS TRIGGER no_delete', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['schema_versions', 'ledgers', 'heads', 'entries', 'entry_subjects', 'payloads', 'payload_chunks', 'payload_uses', 'checkpoints', 'cosignatures'] LOOP
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON affidavit.%I FOR EACH STATEMENT EXECUTE FUNCTION affidavit.refuse_change()', one);
    EXECUTE format('ALTER TABLE affidavit.%I ENABLE ALWAYS TRIGGER no_truncate', one);
  END LOOP;
END $triggers$;

-- Columns that follow from the bytes of an entry are written by the database. It is asked before row-level security is, and so
-- looks at nothing but the row.
CREATE FUNCTION affidavit.derive_entry() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE record jsonb := convert_from(NEW.entry, 'UTF8')::jsonb;
  BEGIN
    IF record->>'seq' IS DISTINCT FROM NEW.seq::text THEN
      RAISE EXCEPTION 'an entry lies where it says' USING ERRCODE = 'AF001';
    END IF;
    NEW.id := record->>'id';
    NEW.action := record->>'action';
    NEW.actor_id := record->>'actor_id';
    NEW.conversation_id := record->>'conversation_id';
    NEW.conversation_seq := record->>'conversation_seq';
    NEW.parent_id := record->>'parent_id';
    NEW.resource_type := record->>'resource_type';
    NEW.resource_id := record->>'resource_id';
    NEW."timestamp" := record->>'timestamp';
    NEW.recorded_at := record->>'recorded_at';
    RETURN NEW;
  END $$;
CREATE TRIGGER derive BEFORE INSERT ON affidavit.entries FOR EACH ROW EXECUTE FUNCTION affidavit.derive_entry();
ALTER TABLE affidavit.entries ENABLE ALWAYS TRIGGER derive;

-- Lists that follow from the bytes, once row-level security let the entries in: what a tenant is told of an entry for another one
-- must not depend on what that one has. Runs as the owner, so that a server needs no right to write the lists. Entries go on where
-- the ledger ends, and in the ledger that they name.
CREATE FUNCTION affidavit.derive_lists() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE misplaced bigint;
  BEGIN
    WITH parsed AS MATERIALIZED (
      SELECT a.ledger_no, a.seq, a."timestamp", convert_from(a.entry, 'UTF8')::jsonb AS record FROM added a
    ), subjects AS (
      INSERT INTO affidavit.entry_subjects (ledger_no, seq, subject_id, "timestamp")
        SELECT p.ledger_no, p.seq, subject, p."timestamp" FROM parsed p, jsonb_array_elements_text(p.record->'subject_ids') subject
    ), uses AS (
      INSERT INTO affidavit.payload_uses (ledger_no, seq, blob_id)
        SELECT DISTINCT p.ledger_no, p.seq, reference->>'blob_id' FROM parsed p, jsonb_array_elements(p.record->'content') reference
    ), stretches AS (
      SELECT p.ledger_no, p.record->>'ledger' AS origin, min(p.seq) AS first, max(p.seq) AS last, count(*) AS entries
        FROM parsed p GROUP BY p.ledger_no, p.record->>'ledger'
    )
    SELECT count(*) INTO misplaced FROM stretches s LEFT JOIN affidavit.ledgers l USING (ledger_no)
      WHERE l.origin IS DISTINCT FROM s.origin OR s.last - s.first + 1 <> s.entries
        -- In the order of an index, so that no plan, whenever it was made, goes through the ledger.
        OR s.first > 0 AND (SELECT e.seq FROM affidavit.entries e WHERE e.ledger_no = s.ledger_no AND e.seq < s.first
          ORDER BY e.seq DESC LIMIT 1) IS DISTINCT FROM s.first - 1;
    IF misplaced > 0 THEN
      RAISE EXCEPTION 'entries go on where their ledger ends' USING ERRCODE = 'AF001';
    END IF;
    RETURN NULL;
  END $$;
CREATE TRIGGER derive_lists AFTER INSERT ON affidavit.entries REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION affidavit.derive_lists();
ALTER TABLE affidavit.entries ENABLE ALWAYS TRIGGER derive_lists;

-- What an entry names is whole: nothing is put behind it.
CREATE FUNCTION affidavit.refuse_late_chunk() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' OR EXISTS
      (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = NEW.ledger_no AND u.blob_id = NEW.blob_id) THEN
      RAISE EXCEPTION 'in use: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'an entry names this payload, or the transaction is not READ COMMITTED';
    END IF;
    RETURN NEW;
  END $$;
CREATE TRIGGER no_late_chunk BEFORE INSERT ON affidavit.payload_chunks FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_late_chunk();
ALTER TABLE affidavit.payload_chunks ENABLE ALWAYS TRIGGER no_late_chunk;

-- The head says what the last entry says, at every commit, and belongs to its ledger for ever. Runs as the owner: whoever moved it may
-- by then be a role that sees no entry.
CREATE FUNCTION affidavit.check_head() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF NEW.ledger_no <> OLD.ledger_no OR NEW.size <> coalesce(
      (SELECT seq + 1 FROM affidavit.entries e WHERE e.ledger_no = NEW.ledger_no ORDER BY seq DESC LIMIT 1), 0) THEN
      RAISE EXCEPTION 'a head follows the last entry' USING ERRCODE = 'AF001';
    END IF;
    RETURN NULL;
  END $$;
CREATE CONSTRAINT TRIGGER check_head AFTER UPDATE ON affidavit.heads DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION affidavit.check_head();
ALTER TABLE affidavit.heads ENABLE ALWAYS TRIGGER check_head;
CREATE TRIGGER no_delete BEFORE DELETE ON affidavit.heads FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_change();
ALTER TABLE affidavit.heads ENABLE ALWAYS TRIGGER no_delete;

-- Moves a head that is where the caller left it, behind the very entry that it knows, and appends the entries behind it, which are cut
-- from one string of bytes each. Else, or where the session would not sync, wait and warn as a commit here does, nothing happens. In
-- one statement: a single writer needs no other. It has no right that its caller has not.
CREATE FUNCTION affidavit.append(of_ledger bigint, expected bigint, last_hash bytea, patience_millis integer, entries bytea, nodes bytea,
    starts integer[], lengths integer[], node_starts integer[], node_lengths integer[]) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_sort = off
  AS $$ BEGIN
    PERFORM set_config('lock_timeout', patience_millis::text, true);
    UPDATE affidavit.heads h SET size = expected + cardinality(starts) WHERE h.ledger_no = of_ledger AND h.size = expected;
    IF NOT FOUND OR current_setting('transaction_isolation') <> 'read committed'
      OR current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') OR current_setting('client_min_messages') = 'error'
      -- In the order of the only index that has it: a plan made for an empty ledger serves any.
      OR expected > 0 AND (SELECT substr(e.nodes, 1, 32) FROM affidavit.entries e
        WHERE e.ledger_no = of_ledger AND e.seq >= expected - 1 ORDER BY e.seq DESC LIMIT 1) IS DISTINCT FROM last_hash THEN
      RAISE EXCEPTION 'the head has moved' USING ERRCODE = 'AF003';
    END IF;
    INSERT INTO affidavit.entries (ledger_no, seq, entry, nodes)
      SELECT of_ledger, expected + e.no - 1, substr(entries, e.at, e.bytes), substr(nodes, e.nodes_at, e.nodes_bytes)
      FROM unnest(starts, lengths, node_starts, node_lengths) WITH ORDINALITY AS e(at, bytes, nodes_at, nodes_bytes, no);
  END $$;

-- The role that calls, also inside a function that runs as the owner.
CREATE FUNCTION affidavit.caller() RETURNS name LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  AS $$ SELECT CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role')::name END $$;

-- Makes a ledger, which belongs to `for_role`: whoever makes it is a member. A name that others have is theirs, and nothing is said of
-- what they keep there; what comes after a restore belongs to whom the name belongs.
CREATE FUNCTION affidavit.create_ledger(wanted text, for_role name DEFAULT NULL) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE
    wanted_name text := regexp_replace(wanted, '/[^/]*$', '');
    owner_role oid;
    made_no bigint;
  BEGIN
    -- No advisory lock, which anybody may hold.
    LOCK TABLE affidavit.ledgers IN SHARE ROW EXCLUSIVE MODE;
    SELECT l.role::oid INTO owner_role FROM affidavit.ledgers l WHERE l.name = wanted_name LIMIT 1;
    owner_role := coalesce(owner_role, to_regrole(quote_ident(coalesce(for_role, affidavit.caller())))::oid);
    IF NOT coalesce(pg_has_role(affidavit.caller(), owner_role, 'MEMBER'), false) THEN RETURN 'of others'; END IF;
    IF EXISTS (SELECT 1 FROM affidavit.ledgers l WHERE l.origin = wanted) THEN RETURN 'exists'; END IF;
    INSERT INTO affidavit.ledgers (origin, role) VALUES (wanted, owner_role) RETURNING ledger_no INTO made_no;
    INSERT INTO affidavit.heads (ledger_no, size) VALUES (made_no, 0);
    RETURN 'made';
  END $$;

-- Removes payloads of a ledger of the caller's that are older than `before` (the first twelve digits of a blob_id) and that no
-- entry names; answers how many. Where there is one, behind the lock of the head, which whoever records takes: no entry comes to name it
-- before this commits.
CREATE FUNCTION affidavit.sweep_payloads(of_ledger bigint, before text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE swept bigint;
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM affidavit.ledgers l
                   WHERE l.ledger_no = of_ledger AND pg_has_role(affidavit.caller(), l.role::oid, 'MEMBER')) THEN
      RAISE EXCEPTION 'no such ledger' USING ERRCODE = 'AF002';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM affidavit.payload_chunks c WHERE c.ledger_no = of_ledger AND c.blob_id < before
        AND NOT EXISTS (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = c.ledger_no AND u.blob_id = c.blob_id))
      AND NOT EXISTS (SELECT 1 FROM affidavit.payloads p WHERE p.ledger_no = of_ledger AND p.blob_id < before
        AND NOT EXISTS (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = p.ledger_no AND u.blob_id = p.blob_id)) THEN
      RETURN 0;
    END IF;
    PERFORM 1 FROM affidavit.heads h WHERE h.ledger_no = of_ledger FOR UPDATE;
    DELETE FROM affidavit.payload_chunks c WHERE c.ledger_no = of_ledger AND c.blob_id < before
      AND NOT EXISTS (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = c.ledger_no AND u.blob_id = c.blob_id);
    DELETE FROM affidavit.payloads p WHERE p.ledger_no = of_ledger AND p.blob_id < before
      AND NOT EXISTS (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = p.ledger_no AND u.blob_id = p.blob_id);
    GET DIAGNOSTICS swept = ROW_COUNT;
    RETURN swept;
  END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA affidavit FROM PUBLIC;

-- For whoever reads with SQL: each record with its details as JSONB, from the bytes that were hashed.
CREATE VIEW affidavit.records WITH (security_invoker = true) AS
  SELECT l.origin AS ledger, e.seq, e.id, e.action, e.actor_id, e.conversation_id, e.conversation_seq, e.parent_id,
    e.resource_type, e.resource_id, e."timestamp" AS claimed_at, e.recorded_at,
    convert_from(e.entry, 'UTF8')::jsonb->'details' AS details, convert_from(e.entry, 'UTF8')::jsonb AS record
  FROM affidavit.entries e JOIN affidavit.ledgers l USING (ledger_no);
