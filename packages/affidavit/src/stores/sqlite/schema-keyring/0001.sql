-- Schema 1 of a keyring. Frozen: a change is a new numbered file. Rows are sealed and never change; a turn-over replaces them.

CREATE TABLE head (
  one         INTEGER PRIMARY KEY CHECK (one = 1),
  generation  INTEGER NOT NULL CHECK (generation > 0),
  kek_version TEXT NOT NULL,
  wrapped_key BLOB NOT NULL
) STRICT;

-- Versions of key-encryption keys that are still to be destroyed.
CREATE TABLE retired (
  kek_version TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- A generation below 0 is a stage: rows of a turn-over under way.
CREATE TABLE rows (
  row_no     INTEGER PRIMARY KEY AUTOINCREMENT,
  generation INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  key        TEXT NOT NULL,
  lookup     TEXT NOT NULL,
  owner      TEXT NOT NULL,
  sealed     BLOB NOT NULL,
  UNIQUE (generation, lookup),
  UNIQUE (generation, key)
) STRICT;

CREATE INDEX rows_by_owner ON rows (generation, owner);
CREATE TRIGGER rows_no_change BEFORE UPDATE OF kind, key, lookup, owner, sealed ON rows BEGIN SELECT RAISE(ABORT, 'never changed: rows'); END;
