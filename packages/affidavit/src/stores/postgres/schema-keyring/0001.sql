-- Schema 1 of keyrings. Frozen: a change is a new numbered file. Run by `affidavit migrate` as the owner, in one transaction; the
-- owner is nobody's running server. Rows are sealed and never change; a turn-over replaces them. The name of the ledger leads
-- every key: several keyrings may lie here, each for roles of its own.

CREATE SCHEMA affidavit_keyring;
REVOKE ALL ON SCHEMA affidavit_keyring FROM PUBLIC;

CREATE TABLE affidavit_keyring.schema_versions (
  version    integer PRIMARY KEY,
  sha256     text NOT NULL,
  applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  applied_by text NOT NULL DEFAULT session_user
);

-- Which role may use which keyring: itself, and whoever is a member of it.
CREATE TABLE affidavit_keyring.keyring_roles (
  name      text COLLATE "C" NOT NULL,
  role_name name NOT NULL,
  PRIMARY KEY (name, role_name)
);

-- The head of each keyring, and the lock that whoever writes to it takes in turn.
CREATE TABLE affidavit_keyring.keyrings (
  name        text COLLATE "C" PRIMARY KEY,
  generation  bigint NOT NULL CHECK (generation > 0),
  -- The rows in force are those of this stage; others belong to a turn-over under way, or are to be removed.
  stage       bigint NOT NULL CHECK (stage <= 0),
  kek_version text COLLATE "C" NOT NULL,
  wrapped_key bytea NOT NULL
);

-- Versions of key-encryption keys that are still to be destroyed.
CREATE TABLE affidavit_keyring.retired (
  name        text COLLATE "C" NOT NULL REFERENCES affidavit_keyring.keyrings,
  kek_version text COLLATE "C" NOT NULL,
  PRIMARY KEY (name, kek_version)
);

CREATE TABLE affidavit_keyring.rows (
  name    text COLLATE "C" NOT NULL,
  stage   bigint NOT NULL,
  -- Ascending in the order of adding: given behind the lock of the head.
  row_no  bigint NOT NULL CHECK (row_no > 0),
  -- The generation that was in force then. Of an earlier one, and not in the stage in force, it is to be removed.
  made_in bigint NOT NULL,
  kind    text COLLATE "C" NOT NULL CHECK (kind IN ('scope', 'identity', 'content')),
  key     text COLLATE "C" NOT NULL,
  lookup  text COLLATE "C" NOT NULL CHECK (lookup ~ '^[0-9a-f]{64}$'),
  owner   text COLLATE "C" NOT NULL CHECK (owner ~ '^[0-9a-f]{64}$'),
  sealed  bytea NOT NULL,
  PRIMARY KEY (name, stage, row_no),
  UNIQUE (name, stage, lookup),
  UNIQUE (name, stage, key)
);
CREATE INDEX rows_by_owner ON affidavit_keyring.rows (name, stage, owner);
-- Ciphertext does not compress.
ALTER TABLE affidavit_keyring.rows ALTER COLUMN sealed SET STORAGE EXTERNAL;

-- Row-level security: a role sees the keyrings that are its own, and no query of it shows that there are others. A role that was
-- dropped is nobody's.

ALTER TABLE affidavit_keyring.keyring_roles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON affidavit_keyring.keyring_roles USING (pg_has_role(to_regrole(quote_ident(role_name)), 'MEMBER'));

DO $policies$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['keyrings', 'retired', 'rows'] LOOP
    EXECUTE format('ALTER TABLE affidavit_keyring.%I ENABLE ROW LEVEL SECURITY', one);
    EXECUTE format('CREATE POLICY own ON affidavit_keyring.%I USING (name = ANY (ARRAY(SELECT r.name FROM affidavit_keyring.keyring_roles r)))', one);
  END LOOP;
END $policies$;

-- What never changes, for every role that triggers hold for, and in every session_replication_role.

CREATE FUNCTION affidavit_keyring.refuse_change() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    RAISE EXCEPTION 'never changed: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'a turn-over replaces the rows of a keyring';
  END $$;

-- A row in force goes with a turn-over, and so does one that a turn-over under way has put aside.
CREATE FUNCTION affidavit_keyring.refuse_in_force() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM affidavit_keyring.keyrings k
               WHERE k.name = OLD.name AND (k.stage = OLD.stage OR k.generation <= OLD.made_in)) THEN
      RAISE EXCEPTION 'in force: %', TG_TABLE_NAME USING ERRCODE = 'AF001', HINT = 'a turn-over replaces the rows of a keyring';
    END IF;
    RETURN OLD;
  END $$;

-- A head goes from one generation to the next, never back, and never to a version that is to be destroyed.
CREATE FUNCTION affidavit_keyring.check_head() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF NEW.name <> OLD.name OR NEW.generation <> OLD.generation + 1 OR NEW.stage = OLD.stage OR NEW.kek_version = OLD.kek_version
       OR EXISTS (SELECT 1 FROM affidavit_keyring.retired r WHERE r.name = OLD.name AND r.kek_version = NEW.kek_version) THEN
      RAISE EXCEPTION 'a head goes to the next generation' USING ERRCODE = 'AF001';
    END IF;
    RETURN NEW;
  END $$;

DO $triggers$
DECLARE one text;
BEGIN
  FOREACH one IN ARRAY ARRAY['schema_versions', 'keyrings', 'retired', 'rows'] LOOP
    EXECUTE format('CREATE TRIGGER no_truncate BEFORE TRUNCATE ON affidavit_keyring.%I FOR EACH STATEMENT EXECUTE FUNCTION affidavit_keyring.refuse_change()', one);
    EXECUTE format('ALTER TABLE affidavit_keyring.%I ENABLE ALWAYS TRIGGER no_truncate', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['schema_versions', 'retired', 'rows'] LOOP
    EXECUTE format('CREATE TRIGGER no_change BEFORE UPDATE ON affidavit_keyring.%I FOR EACH ROW EXECUTE FUNCTION affidavit_keyring.refuse_change()', one);
    EXECUTE format('ALTER TABLE affidavit_keyring.%I ENABLE ALWAYS TRIGGER no_change', one);
  END LOOP;
  FOREACH one IN ARRAY ARRAY['schema_versions', 'keyrings'] LOOP
    EXECUTE format('CREATE TRIGGER no_delete BEFORE DELETE ON affidavit_keyring.%I FOR EACH ROW EXECUTE FUNCTION affidavit_keyring.refuse_change()', one);
    EXECUTE format('ALTER TABLE affidavit_keyring.%I ENABLE ALWAYS TRIGGER no_delete', one);
  END LOOP;
END $triggers$;

CREATE TRIGGER check_head BEFORE UPDATE ON affidavit_keyring.keyrings FOR EACH ROW EXECUTE FUNCTION affidavit_keyring.check_head();
ALTER TABLE affidavit_keyring.keyrings ENABLE ALWAYS TRIGGER check_head;
CREATE TRIGGER no_delete BEFORE DELETE ON affidavit_keyring.rows FOR EACH ROW EXECUTE FUNCTION affidavit_keyring.refuse_in_force();
ALTER TABLE affidavit_keyring.rows ENABLE ALWAYS TRIGGER no_delete;

-- The role that calls, also inside a function that runs as the owner.
CREATE FUNCTION affidavit_keyring.caller() RETURNS name LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  AS $$ SELECT CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role')::name END $$;

CREATE FUNCTION affidavit_keyring.is_mine(of_name text) RETURNS boolean LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
  AS $$ SELECT EXISTS (SELECT 1 FROM affidavit_keyring.keyring_roles r
    WHERE r.name = of_name AND pg_has_role(affidavit_keyring.caller(), to_regrole(quote_ident(r.role_name)), 'MEMBER')) $$;

-- The head of a keyring of the caller's, locked until the transaction ends; no row where none was begun. A lock is a write: the
-- commit behind it is synced, and waits for the standbys that the server is set to wait for.
CREATE FUNCTION affidavit_keyring.lock_head(of_name text) RETURNS SETOF affidavit_keyring.keyrings LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    IF NOT affidavit_keyring.is_mine(of_name) THEN RAISE EXCEPTION 'no such keyring' USING ERRCODE = 'AF002'; END IF;
    RETURN QUERY SELECT * FROM affidavit_keyring.keyrings k WHERE k.name = of_name FOR UPDATE;
  END $$;

-- Whether a stage is one of a turn-over under way: the number was not used in an earlier generation, and is not in force.
CREATE FUNCTION affidavit_keyring.check_stage(head affidavit_keyring.keyrings, of_stage bigint) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE first_made_in bigint;
  BEGIN
    SELECT r.made_in INTO first_made_in FROM affidavit_keyring.rows r WHERE r.name = head.name AND r.stage = of_stage LIMIT 1;
    IF of_stage >= 0 OR of_stage = head.stage OR first_made_in <> head.generation THEN
      RAISE EXCEPTION 'no stage of a turn-over' USING ERRCODE = 'AF001';
    END IF;
  END $$;

-- Makes the first head of a keyring, which belongs to whoever made it, and locks the one that is there. A name that others have is theirs.
CREATE FUNCTION affidavit_keyring.begin_keyring(of_name text, first_generation bigint, version text, wrapped bytea, versions text[])
  RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('affidavit_keyring ' || of_name, 0));
    IF NOT EXISTS (SELECT 1 FROM affidavit_keyring.keyring_roles r WHERE r.name = of_name) THEN
      INSERT INTO affidavit_keyring.keyring_roles (name, role_name) VALUES (of_name, affidavit_keyring.caller());
    END IF;
    IF NOT affidavit_keyring.is_mine(of_name) THEN RETURN 'of others'; END IF;
    IF EXISTS (SELECT 1 FROM affidavit_keyring.lock_head(of_name)) THEN RETURN 'there'; END IF;
    INSERT INTO affidavit_keyring.keyrings (name, generation, stage, kek_version, wrapped_key)
      VALUES (of_name, first_generation, 0, version, wrapped);
    INSERT INTO affidavit_keyring.retired (name, kek_version) SELECT DISTINCT of_name, one FROM unnest(versions) one;
    RETURN 'begun';
  END $$;

-- Adds rows to those in force, or to a stage of a turn-over; a look-up that is there keeps its row.
CREATE FUNCTION affidavit_keyring.put_rows(
  of_name text, of_generation bigint, into_stage bigint, kinds text[], keys text[], lookups text[], owners text[], sealed bytea[])
  RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE
    head affidavit_keyring.keyrings;
    stage_no bigint;
    last_no bigint;
  BEGIN
    SELECT * INTO head FROM affidavit_keyring.lock_head(of_name);
    IF head.generation IS DISTINCT FROM of_generation THEN RETURN 'superseded'; END IF;
    IF into_stage IS NOT NULL THEN PERFORM affidavit_keyring.check_stage(head, into_stage); END IF;
    stage_no := coalesce(into_stage, head.stage);
    SELECT coalesce(max(r.row_no), 0) INTO last_no FROM affidavit_keyring.rows r WHERE r.name = of_name AND r.stage = stage_no;
    INSERT INTO affidavit_keyring.rows (name, stage, row_no, made_in, kind, key, lookup, owner, sealed)
      SELECT of_name, stage_no, last_no + g.no, of_generation, g.kind, g.key, g.lookup, g.owner, g.sealed
      FROM unnest(kinds, keys, lookups, owners, sealed) WITH ORDINALITY AS g(kind, key, lookup, owner, sealed, no)
      ON CONFLICT (name, stage, lookup) DO NOTHING;
    RETURN 'put';
  END $$;

-- The rows of a stage take the place of those in force; one row changes. What was asked for and done is answered the same again.
CREATE FUNCTION affidavit_keyring.turn_over(
  of_name text, from_generation bigint, up_to bigint, to_stage bigint, to_generation bigint, version text, wrapped bytea, versions text[])
  RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE head affidavit_keyring.keyrings;
  BEGIN
    SELECT * INTO head FROM affidavit_keyring.lock_head(of_name);
    IF (head.generation, head.stage, head.kek_version, head.wrapped_key) = (to_generation, to_stage, version, wrapped) THEN
      RETURN 'turned over';
    END IF;
    IF head.generation IS DISTINCT FROM from_generation THEN RETURN 'superseded'; END IF;
    IF EXISTS (SELECT 1 FROM affidavit_keyring.rows r WHERE r.name = of_name AND r.stage = head.stage AND r.row_no > up_to) THEN
      RETURN 'more';
    END IF;
    PERFORM affidavit_keyring.check_stage(head, to_stage);
    UPDATE affidavit_keyring.keyrings SET generation = to_generation, stage = to_stage, kek_version = version, wrapped_key = wrapped
      WHERE name = of_name;
    INSERT INTO affidavit_keyring.retired (name, kek_version) SELECT DISTINCT of_name, one FROM unnest(versions) one ON CONFLICT DO NOTHING;
    RETURN 'turned over';
  END $$;

-- Removes rows of earlier generations, a portion of them; answers how many. Nobody waits for it: nobody finds them.
CREATE FUNCTION affidavit_keyring.clear_rows(of_name text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$
  DECLARE
    head affidavit_keyring.keyrings;
    cleared bigint;
  BEGIN
    IF NOT affidavit_keyring.is_mine(of_name) THEN RAISE EXCEPTION 'no such keyring' USING ERRCODE = 'AF002'; END IF;
    SELECT * INTO head FROM affidavit_keyring.keyrings k WHERE k.name = of_name;
    DELETE FROM affidavit_keyring.rows r USING (
      (SELECT d.stage, d.row_no FROM affidavit_keyring.rows d
       WHERE d.name = of_name AND d.stage < head.stage AND d.made_in < head.generation LIMIT 5000)
      UNION ALL
      (SELECT d.stage, d.row_no FROM affidavit_keyring.rows d
       WHERE d.name = of_name AND d.stage > head.stage AND d.made_in < head.generation LIMIT 5000)) dead
    WHERE r.name = of_name AND r.stage = dead.stage AND r.row_no = dead.row_no;
    GET DIAGNOSTICS cleared = ROW_COUNT;
    RETURN cleared;
  END $$;

-- Behind whoever writes to the keyring now: with the commit of this, all that can be seen is durable.
CREATE FUNCTION affidavit_keyring.settle(of_name text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    PERFORM 1 FROM affidavit_keyring.lock_head(of_name);
  END $$;

-- A version of a key-encryption key was destroyed.
CREATE FUNCTION affidavit_keyring.forget_version(of_name text, version text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS $$ BEGIN
    PERFORM 1 FROM affidavit_keyring.lock_head(of_name);
    DELETE FROM affidavit_keyring.retired r WHERE r.name = of_name AND r.kek_version = version;
  END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA affidavit_keyring FROM PUBLIC;
