-- Schema 2 of keyrings. Frozen: a change is a new numbered file. A keyring also holds notes: what has to be known where the database of
-- its ledger is lost.

ALTER TABLE affidavit_keyring.rows DROP CONSTRAINT rows_kind_check,
  ADD CONSTRAINT rows_kind_check CHECK (kind IN ('scope', 'identity', 'content', 'note'));
