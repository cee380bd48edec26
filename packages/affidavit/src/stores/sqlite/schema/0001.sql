-- Schema 1. Frozen: a change is a new numbered file. Every evidence table is append-only; the ledger leads every key.
-- Query columns are derived by SQLite from the committed bytes, so that they cannot disagree with them.

CREATE TABLE ledgers (
  ledger_no INTEGER PRIMARY KEY,
  origin    TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE entries (
  ledger_no        INTEGER NOT NULL,
  seq              INTEGER NOT NULL,
  nodes            BLOB NOT NULL,
  entry            BLOB NOT NULL,
  id               TEXT    AS (json_extract(CAST(entry AS TEXT), '$.id')) VIRTUAL,
  action           TEXT    AS (json_extract(CAST(entry AS TEXT), '$.action')) VIRTUAL,
  actor_id         TEXT    AS (json_extract(CAST(entry AS TEXT), '$.actor_id')) VIRTUAL,
  conversation_id  TEXT    AS (json_extract(CAST(entry AS TEXT), '$.conversation_id')) VIRTUAL,
  conversation_seq INTEGER AS (json_extract(CAST(entry AS TEXT), '$.conversation_seq')) VIRTUAL,
  parent_id        TEXT    AS (json_extract(CAST(entry AS TEXT), '$.parent_id')) VIRTUAL,
  resource_type    TEXT    AS (json_extract(CAST(entry AS TEXT), '$.resource_type')) VIRTUAL,
  resource_id      TEXT    AS (json_extract(CAST(entry AS TEXT), '$.resource_id')) VIRTUAL,
  timestamp        TEXT    AS (json_extract(CAST(entry AS TEXT), '$.timestamp')) VIRTUAL,
  recorded_at      TEXT    AS (json_extract(CAST(entry AS TEXT), '$.recorded_at')) VIRTUAL,
  PRIMARY KEY (ledger_no, seq)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX entries_by_id ON entries (ledger_no, id);
CREATE INDEX entries_by_action ON entries (ledger_no, action, seq);
CREATE INDEX entries_by_actor ON entries (ledger_no, actor_id, seq);
CREATE UNIQUE INDEX entries_by_conversation ON entries (ledger_no, conversation_id, conversation_seq) WHERE conversation_id IS NOT NULL;
CREATE INDEX entries_by_parent ON entries (ledger_no, parent_id, seq) WHERE parent_id IS NOT NULL;
CREATE INDEX entries_by_resource ON entries (ledger_no, resource_type, resource_id, seq) WHERE resource_type IS NOT NULL;
CREATE INDEX entries_by_timestamp ON entries (ledger_no, timestamp, seq);
CREATE INDEX entries_by_recorded_at ON entries (ledger_no, recorded_at, seq);

CREATE TABLE entry_subjects (
  ledger_no  INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  subject_id TEXT NOT NULL,
  PRIMARY KEY (ledger_no, seq, subject_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX entry_subjects_by_subject ON entry_subjects (ledger_no, subject_id, seq);

-- Sealed content. The first chunk lies with its payload; small bodies have no other.
CREATE TABLE payloads (
  ledger_no   INTEGER NOT NULL,
  blob_id     TEXT NOT NULL,
  body_digest TEXT NOT NULL,
  content_key BLOB NOT NULL,
  sealed      BLOB NOT NULL,
  UNIQUE (ledger_no, blob_id)
) STRICT;

CREATE TABLE payload_chunks (
  ledger_no INTEGER NOT NULL,
  blob_id   TEXT NOT NULL,
  chunk_no  INTEGER NOT NULL CHECK (chunk_no > 0),
  sealed    BLOB NOT NULL,
  UNIQUE (ledger_no, blob_id, chunk_no)
) STRICT;

-- Which entries name a payload.
CREATE TABLE payload_uses (
  ledger_no INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  blob_id   TEXT NOT NULL,
  PRIMARY KEY (ledger_no, seq, blob_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX payload_uses_by_blob ON payload_uses (ledger_no, blob_id, seq);

CREATE TABLE checkpoints (
  ledger_no INTEGER NOT NULL,
  size      INTEGER NOT NULL,
  note      BLOB NOT NULL,
  PRIMARY KEY (ledger_no, size)
) STRICT, WITHOUT ROWID;

CREATE TABLE cosignatures (
  ledger_no INTEGER NOT NULL,
  size      INTEGER NOT NULL,
  line_no   INTEGER NOT NULL,
  line      BLOB NOT NULL,
  PRIMARY KEY (ledger_no, size, line_no)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER ledgers_no_update BEFORE UPDATE ON ledgers BEGIN SELECT RAISE(ABORT, 'append-only: ledgers'); END;
CREATE TRIGGER ledgers_no_delete BEFORE DELETE ON ledgers BEGIN SELECT RAISE(ABORT, 'append-only: ledgers'); END;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'append-only: entries'); END;
CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'append-only: entries'); END;
CREATE TRIGGER entry_subjects_no_update BEFORE UPDATE ON entry_subjects BEGIN SELECT RAISE(ABORT, 'append-only: entry_subjects'); END;
CREATE TRIGGER entry_subjects_no_delete BEFORE DELETE ON entry_subjects BEGIN SELECT RAISE(ABORT, 'append-only: entry_subjects'); END;
CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'append-only: checkpoints'); END;
CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'append-only: checkpoints'); END;
CREATE TRIGGER cosignatures_no_update BEFORE UPDATE ON cosignatures BEGIN SELECT RAISE(ABORT, 'append-only: cosignatures'); END;
CREATE TRIGGER cosignatures_no_delete BEFORE DELETE ON cosignatures BEGIN SELECT RAISE(ABORT, 'append-only: cosignatures'); END;
CREATE TRIGGER payloads_no_update BEFORE UPDATE ON payloads BEGIN SELECT RAISE(ABORT, 'append-only: payloads'); END;
CREATE TRIGGER payloads_no_delete BEFORE DELETE ON payloads WHEN EXISTS
  (SELECT 1 FROM payload_uses u WHERE u.ledger_no = OLD.ledger_no AND u.blob_id = OLD.blob_id)
  BEGIN SELECT RAISE(ABORT, 'in use: payloads'); END;
CREATE TRIGGER payload_chunks_no_update BEFORE UPDATE ON payload_chunks BEGIN SELECT RAISE(ABORT, 'append-only: payload_chunks'); END;
CREATE TRIGGER payload_chunks_no_delete BEFORE DELETE ON payload_chunks WHEN EXISTS
  (SELECT 1 FROM payload_uses u WHERE u.ledger_no = OLD.ledger_no AND u.blob_id = OLD.blob_id)
  BEGIN SELECT RAISE(ABORT, 'in use: payload_chunks'); END;
CREATE TRIGGER payload_uses_no_update BEFORE UPDATE ON payload_uses BEGIN SELECT RAISE(ABORT, 'append-only: payload_uses'); END;
CREATE TRIGGER payload_uses_no_delete BEFORE DELETE ON payload_uses BEGIN SELECT RAISE(ABORT, 'append-only: payload_uses'); END;
