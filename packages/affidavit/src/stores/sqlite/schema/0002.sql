-- Schema 2. Frozen: a change is a new numbered file. An entry may leave a stub in its row (spec/stubs.md §2), and come back;
-- nothing else about evidence can be changed. What says whose signature counts, what is held, and what left, stays.

DROP TRIGGER entries_no_update;
CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries WHEN NOT coalesce(
    NEW.ledger_no = OLD.ledger_no AND NEW.seq = OLD.seq AND NEW.nodes = OLD.nodes
    AND NEW.id = OLD.id AND NEW.recorded_at = OLD.recorded_at
    AND NEW.conversation_id IS OLD.conversation_id AND NEW.conversation_seq IS OLD.conversation_seq
    AND EXISTS (SELECT 1 FROM entries e WHERE e.ledger_no = OLD.ledger_no AND e.seq > OLD.seq)
    AND coalesce(json_extract(CAST(OLD.entry AS TEXT), '$._stub.state'), '') <> 'disposed'
    AND OLD.action NOT IN ('logging_started', 'key_rotated', 'content_erased', 'records_archived', 'records_restored',
      'records_disposed', 'hold_placed', 'hold_released')
    AND (json_extract(CAST(NEW.entry AS TEXT), '$._stub.state') = 'disposed' OR
      NEW.action = OLD.action AND NEW.actor_id = OLD.actor_id AND NEW.timestamp = OLD.timestamp
      AND NEW.parent_id IS OLD.parent_id AND NEW.resource_type IS OLD.resource_type AND NEW.resource_id IS OLD.resource_id
      AND json_extract(CAST(NEW.entry AS TEXT), '$.draft_commitment') = json_extract(CAST(OLD.entry AS TEXT), '$.draft_commitment')
      AND substr(NEW.entry, 1, 9) = x'7b225f73747562223a' <> (substr(OLD.entry, 1, 9) = x'7b225f73747562223a')), 0)
  BEGIN SELECT RAISE(ABORT, 'append-only: entries'); END;

-- Of a destroyed record nothing is listed.
DROP TRIGGER entry_subjects_no_delete;
CREATE TRIGGER entry_subjects_no_delete BEFORE DELETE ON entry_subjects WHEN NOT EXISTS
  (SELECT 1 FROM entries e WHERE e.ledger_no = OLD.ledger_no AND e.seq = OLD.seq
     AND json_extract(CAST(e.entry AS TEXT), '$._stub.state') = 'disposed')
  BEGIN SELECT RAISE(ABORT, 'append-only: entry_subjects'); END;
DROP TRIGGER payload_uses_no_delete;
CREATE TRIGGER payload_uses_no_delete BEFORE DELETE ON payload_uses WHEN NOT EXISTS
  (SELECT 1 FROM entries e WHERE e.ledger_no = OLD.ledger_no AND e.seq = OLD.seq
     AND json_extract(CAST(e.entry AS TEXT), '$._stub.state') = 'disposed')
  BEGIN SELECT RAISE(ABORT, 'append-only: payload_uses'); END;

-- What only archived entries name loses its chunks, and gets them back; its content key stays.
DROP TRIGGER payloads_no_update;
CREATE TRIGGER payloads_no_update BEFORE UPDATE ON payloads WHEN NOT coalesce(
    NEW.ledger_no = OLD.ledger_no AND NEW.blob_id = OLD.blob_id AND NEW.body_digest = OLD.body_digest
    AND NEW.content_key = OLD.content_key AND (length(NEW.sealed) = 0) <> (length(OLD.sealed) = 0)
    AND (length(NEW.sealed) > 0 OR NOT EXISTS (SELECT 1 FROM payload_uses u
      JOIN entries e ON e.ledger_no = u.ledger_no AND e.seq = u.seq
      WHERE u.ledger_no = OLD.ledger_no AND u.blob_id = OLD.blob_id
        AND substr(e.entry, 1, 9) <> x'7b225f73747562223a')), 0)
  BEGIN SELECT RAISE(ABORT, 'append-only: payloads'); END;
DROP TRIGGER payload_chunks_no_delete;
CREATE TRIGGER payload_chunks_no_delete BEFORE DELETE ON payload_chunks WHEN EXISTS
  (SELECT 1 FROM payload_uses u JOIN entries e ON e.ledger_no = u.ledger_no AND e.seq = u.seq
    WHERE u.ledger_no = OLD.ledger_no AND u.blob_id = OLD.blob_id AND substr(e.entry, 1, 9) <> x'7b225f73747562223a')
  BEGIN SELECT RAISE(ABORT, 'in use: payload_chunks'); END;
