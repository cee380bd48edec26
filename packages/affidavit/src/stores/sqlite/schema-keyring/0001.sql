-- Schema 1 of a keyring. Frozen: a change is a new numbered file. Rows are sealed and never change; a turn-over replaces them.

CREATE TABLE head (
  one         INTEGER PRIMARY KEY CHECK (one = 1),
  generation  INTEGER NOT NULL CHECK (generation > 0),
  stage       INTEGER NOT NULL,
  kek_version TEXT NOT NULL,
  wrapped_key BLOB NOT NULL
) STRICT;

-- Versions of key-encryption keys that are still to be destroyed.
CREATE TABLE retired (
  kek_version TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The rows in force are those of the stage that the head names; others belong to a turn-over under way, or are to be removed.
CREATE TABLE rows (
  row_no     INTEGER PRIMARY KEY AUTOINCREMENT,
  stage      INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  key        TEXT NOT NULL,
  lookup     TEXT NOT NULL,
  owner      TEXT NOT NULL,
  sealed     BLOB NOT NULL,
  UNIQUE (stage, lookup),
  UNIQUE (stage, key)
) STRICT;

CREATE INDEX rows_by_owner ON rows (stage, owner);
CREATE INDEX rows_by_stage ON rows (stage);
CREATE TRIGGER rows_no_change BEFORE UPDATE ON rows BEGIN SELECT RAISE(ABORT, 'never changed: rows'); END;
