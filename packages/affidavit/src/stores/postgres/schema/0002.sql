-- Schema 2. Frozen: a change is a new numbered file. An entry may leave a stub in its row (spec/stubs.md §2), and come back; nothing
-- else about evidence can be changed, and by the functions for that alone. What says whose signature counts, what is held, and what
-- left, stays.

-- Of a destroyed record nothing is left to search by. Rows of before had all of it: none is looked at for this.
ALTER TABLE affidavit.entries ALTER COLUMN action DROP NOT NULL, ALTER COLUMN actor_id DROP NOT NULL, ALTER COLUMN "timestamp" DROP NOT NULL,
  ADD CONSTRAINT entries_said CHECK (action IS NOT NULL AND actor_id IS NOT NULL AND "timestamp" IS NOT NULL
    OR substr(entry, 1, 9) = '\x7b225f73747562223a'::bytea) NOT VALID;

CREATE FUNCTION affidavit.stub_only() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE
    said jsonb := convert_from(NEW.entry, 'UTF8')::jsonb;
    stood jsonb := convert_from(OLD.entry, 'UTF8')::jsonb;
    -- Of what is no stub there is none.
    becomes text := CASE WHEN substr(NEW.entry, 1, 9) = '\x7b225f73747562223a' THEN said #>> '{_stub,state}' END;
    was text := CASE WHEN substr(OLD.entry, 1, 9) = '\x7b225f73747562223a' THEN stood #>> '{_stub,state}' END;
  BEGIN
    NEW.id := said->>'id';
    NEW.action := said->>'action';
    NEW.actor_id := said->>'actor_id';
    NEW.conversation_id := said->>'conversation_id';
    NEW.conversation_seq := said->>'conversation_seq';
    NEW.parent_id := said->>'parent_id';
    NEW.resource_type := said->>'resource_type';
    NEW.resource_id := said->>'resource_id';
    NEW."timestamp" := said->>'timestamp';
    NEW.recorded_at := said->>'recorded_at';
    IF NOT coalesce(
      NEW.ledger_no = OLD.ledger_no AND NEW.seq = OLD.seq AND NEW.nodes = OLD.nodes AND NEW.id = OLD.id AND NEW.recorded_at = OLD.recorded_at
      AND NEW.conversation_id IS NOT DISTINCT FROM OLD.conversation_id AND NEW.conversation_seq IS NOT DISTINCT FROM OLD.conversation_seq
      AND EXISTS (SELECT 1 FROM affidavit.entries e WHERE e.ledger_no = OLD.ledger_no AND e.seq > OLD.seq)
      AND OLD.action <> ALL (ARRAY['logging_started', 'key_rotated', 'content_erased', 'records_archived', 'records_restored',
        'records_disposed', 'hold_placed', 'hold_released'])
      AND CASE
        WHEN becomes = 'disposed' THEN was = 'archived' OR was IS NULL AND sha256('\x00'::bytea || OLD.entry) = substr(OLD.nodes, 1, 32)
        ELSE NEW.action = OLD.action AND NEW.actor_id = OLD.actor_id AND NEW."timestamp" = OLD."timestamp"
          AND NEW.parent_id IS NOT DISTINCT FROM OLD.parent_id AND NEW.resource_type IS NOT DISTINCT FROM OLD.resource_type
          AND NEW.resource_id IS NOT DISTINCT FROM OLD.resource_id AND said->>'draft_commitment' = stood->>'draft_commitment'
          AND (becomes = 'archived' AND was IS NULL AND sha256('\x00'::bytea || OLD.entry) = substr(OLD.nodes, 1, 32)
            OR becomes IS NULL AND was = 'archived' AND sha256('\x00'::bytea || NEW.entry) = substr(NEW.nodes, 1, 32))
      END, false) THEN
      RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'an entry leaves its stub, or comes back; nothing else';
    END IF;
    RETURN NEW;
  END $$;

-- Of a destroyed record nothing is listed.
CREATE FUNCTION affidavit.unlist_only() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM affidavit.entries e WHERE e.ledger_no = OLD.ledger_no AND e.seq = OLD.seq AND e.action IS NULL) THEN
      RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'what is listed goes with its entry';
    END IF;
    RETURN OLD;
  END $$;

-- Whether an entry that has not left names a payload. Asked of now, as affidavit.refuse_in_use() does.
CREATE FUNCTION affidavit.is_named(of_ledger bigint, of_blob text) RETURNS boolean LANGUAGE sql VOLATILE
  SET search_path = pg_catalog, pg_temp
  AS $$ SELECT current_setting('transaction_isolation') <> 'read committed' OR EXISTS
    (SELECT 1 FROM affidavit.payload_uses u JOIN affidavit.entries e ON e.ledger_no = u.ledger_no AND e.seq = u.seq
     WHERE u.ledger_no = of_ledger AND u.blob_id = of_blob AND substr(e.entry, 1, 9) <> '\x7b225f73747562223a'::bytea) $$;

-- What only archived entries name loses its chunks, and gets them back; its content key stays.
CREATE FUNCTION affidavit.chunks_only() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF NOT coalesce(NEW.ledger_no = OLD.ledger_no AND NEW.blob_id = OLD.blob_id AND NEW.body_digest = OLD.body_digest
      AND NEW.content_key = OLD.content_key AND (octet_length(NEW.sealed) = 0) <> (octet_length(OLD.sealed) = 0)
      AND NOT affidavit.is_named(OLD.ledger_no, OLD.blob_id), false) THEN
      RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'content leaves, or comes back, with its entries';
    END IF;
    RETURN NEW;
  END $$;
CREATE FUNCTION affidavit.refuse_named() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF affidavit.is_named(OLD.ledger_no, OLD.blob_id) THEN
      RAISE EXCEPTION 'in use: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'an entry names this payload, or the transaction is not READ COMMITTED';
    END IF;
    RETURN OLD;
  END $$;

DO $triggers$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['entries', 'entry_subjects', 'payload_uses', 'payloads'] LOOP
    EXECUTE format('DROP TRIGGER no_change ON affidavit.%I', one);
  END LOOP;
  CREATE TRIGGER no_change BEFORE UPDATE ON affidavit.entries FOR EACH ROW EXECUTE FUNCTION affidavit.stub_only();
  CREATE TRIGGER no_delete BEFORE DELETE ON affidavit.entries FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_change();
  CREATE TRIGGER no_change BEFORE UPDATE ON affidavit.payloads FOR EACH ROW EXECUTE FUNCTION affidavit.chunks_only();
  FOREACH one IN ARRAY ARRAY['entry_subjects', 'payload_uses'] LOOP
    EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE ON affidavit.%I FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_change()', one);
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON affidavit.%I FOR EACH ROW EXECUTE FUNCTION affidavit.unlist_only()', one);
  END LOOP;
  DROP TRIGGER no_delete ON affidavit.payload_chunks;
  CREATE TRIGGER no_delete BEFORE DELETE ON affidavit.payload_chunks FOR EACH ROW EXECUTE FUNCTION affidavit.refuse_named();
  FOREACH one IN ARRAY ARRAY['entries', 'entry_subjects', 'payload_uses'] LOOP
    EXECUTE format('ALTER TABLE affidavit.%I ENABLE ALWAYS TRIGGER no_change, ENABLE ALWAYS TRIGGER no_delete', one);
  END LOOP;
  ALTER TABLE affidavit.payloads ENABLE ALWAYS TRIGGER no_change;
  ALTER TABLE affidavit.payload_chunks ENABLE ALWAYS TRIGGER no_delete;
END $triggers$;

-- What an entry names is whole: nothing is put behind it, but by whoever brings it back.
CREATE OR REPLACE FUNCTION affidavit.refuse_late_chunk() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE is_owner boolean := current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = TG_RELID);
  BEGIN
    IF is_owner THEN
      IF NOT affidavit.is_named(NEW.ledger_no, NEW.blob_id) THEN RETURN NEW; END IF;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' OR EXISTS
      (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = NEW.ledger_no AND u.blob_id = NEW.blob_id) THEN
      RAISE EXCEPTION 'in use: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'an entry names this payload, or the transaction is not READ COMMITTED';
    END IF;
    RETURN NEW;
  END $$;

-- As in schema 1; besides, no entry names a payload that has left.
CREATE OR REPLACE FUNCTION affidavit.derive_lists() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE misplaced bigint; hollow boolean;
  BEGIN
    WITH parsed AS MATERIALIZED (
      SELECT a.ledger_no, a.seq, a."timestamp", convert_from(a.entry, 'UTF8')::jsonb AS record FROM added a
    ), subjects AS (
      INSERT INTO affidavit.entry_subjects (ledger_no, seq, subject_id, "timestamp")
        SELECT p.ledger_no, p.seq, subject, p."timestamp" FROM parsed p, jsonb_array_elements_text(p.record->'subject_ids') subject
    ), uses AS (
      INSERT INTO affidavit.payload_uses (ledger_no, seq, blob_id)
        SELECT DISTINCT p.ledger_no, p.seq, reference->>'blob_id' FROM parsed p, jsonb_array_elements(p.record->'content') reference
        RETURNING ledger_no, blob_id
    ), stretches AS (
      SELECT p.ledger_no, p.record->>'ledger' AS origin, min(p.seq) AS first, max(p.seq) AS last, count(*) AS entries
        FROM parsed p GROUP BY p.ledger_no, p.record->>'ledger'
    )
    SELECT count(*), (SELECT bool_or((SELECT octet_length(p.sealed) = 0 FROM affidavit.payloads p
        WHERE p.ledger_no = u.ledger_no AND p.blob_id = u.blob_id)) FROM uses u)
      INTO misplaced, hollow FROM stretches s LEFT JOIN affidavit.ledgers l USING (ledger_no)
      WHERE l.origin IS DISTINCT FROM s.origin OR s.last - s.first + 1 <> s.entries
        -- In the order of an index, so that no plan, whenever it was made, goes through the ledger.
        OR s.first > 0 AND (SELECT e.seq FROM affidavit.entries e WHERE e.ledger_no = s.ledger_no AND e.seq < s.first
          ORDER BY e.seq DESC LIMIT 1) IS DISTINCT FROM s.first - 1;
    IF misplaced > 0 THEN
      RAISE EXCEPTION 'entries go on where their ledger ends' USING ERRCODE = 'AF001';
    END IF;
    IF hollow THEN
      RAISE EXCEPTION 'a payload has left' USING ERRCODE = 'AF004';
    END IF;
    RETURN NULL;
  END $$;

-- For a role of retention. Puts these bytes into these rows of a ledger of the caller's, behind the lock of its head: stubs for entries,
-- entries for stubs. What is listed for a destroyed entry goes; so does what nothing names, and the chunks of what only stubs name.
CREATE FUNCTION affidavit.exchange_entries(of_ledger bigint, seqs bigint[], bytes bytea[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE
    changed bigint;
    named text[];
  BEGIN
    IF NOT EXISTS (SELECT 1 FROM affidavit.ledgers l
                   WHERE l.ledger_no = of_ledger AND pg_has_role(affidavit.caller(), l.role::oid, 'MEMBER')) THEN
      RAISE EXCEPTION 'no such ledger' USING ERRCODE = 'AF002';
    END IF;
    PERFORM 1 FROM affidavit.heads h WHERE h.ledger_no = of_ledger FOR UPDATE;
    SELECT coalesce(array_agg(DISTINCT u.blob_id), '{}') INTO named FROM affidavit.payload_uses u
      WHERE u.ledger_no = of_ledger AND u.seq = ANY (seqs);
    UPDATE affidavit.entries e SET entry = x.entry FROM unnest(seqs, bytes) AS x(seq, entry) WHERE e.ledger_no = of_ledger AND e.seq = x.seq;
    GET DIAGNOSTICS changed = ROW_COUNT;
    DELETE FROM affidavit.entry_subjects s USING affidavit.entries e
      WHERE s.ledger_no = of_ledger AND s.seq = ANY (seqs) AND e.ledger_no = s.ledger_no AND e.seq = s.seq AND e.action IS NULL;
    DELETE FROM affidavit.payload_uses u USING affidavit.entries e
      WHERE u.ledger_no = of_ledger AND u.seq = ANY (seqs) AND e.ledger_no = u.ledger_no AND e.seq = u.seq AND e.action IS NULL;
    DELETE FROM affidavit.payload_chunks c
      WHERE c.ledger_no = of_ledger AND c.blob_id = ANY (named) AND NOT affidavit.is_named(c.ledger_no, c.blob_id);
    DELETE FROM affidavit.payloads p WHERE p.ledger_no = of_ledger AND p.blob_id = ANY (named)
      AND NOT EXISTS (SELECT 1 FROM affidavit.payload_uses u WHERE u.ledger_no = p.ledger_no AND u.blob_id = p.blob_id);
    UPDATE affidavit.payloads p SET sealed = '' WHERE p.ledger_no = of_ledger AND p.blob_id = ANY (named) AND octet_length(p.sealed) > 0
      AND NOT affidavit.is_named(p.ledger_no, p.blob_id);
    RETURN changed;
  END $$;

-- For a role of retention. Gives a payload that has left its chunks again, the first one too, before its entry comes back.
CREATE FUNCTION affidavit.fill_payload(of_ledger bigint, of_blob text, chunks bytea[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM affidavit.ledgers l
                   WHERE l.ledger_no = of_ledger AND pg_has_role(affidavit.caller(), l.role::oid, 'MEMBER')) THEN
      RAISE EXCEPTION 'no such ledger' USING ERRCODE = 'AF002';
    END IF;
    PERFORM 1 FROM affidavit.heads h WHERE h.ledger_no = of_ledger FOR UPDATE;
    UPDATE affidavit.payloads p SET sealed = chunks[1] WHERE p.ledger_no = of_ledger AND p.blob_id = of_blob AND octet_length(p.sealed) = 0;
    IF FOUND THEN
      INSERT INTO affidavit.payload_chunks (ledger_no, blob_id, chunk_no, sealed)
        SELECT of_ledger, of_blob, c.no - 1, c.sealed FROM unnest(chunks) WITH ORDINALITY AS c(sealed, no) WHERE c.no > 1;
    END IF;
  END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA affidavit FROM PUBLIC;
