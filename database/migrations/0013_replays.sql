-- Dead letters that were taken in again after a fix: when, and how many of their records became history then.

ALTER TABLE dead_letter ADD COLUMN replayed_at timestamptz, ADD COLUMN replayed_records integer NOT NULL DEFAULT 0;
COMMENT ON COLUMN dead_letter.replayed_at IS 'nothing is left of it to take in; null: it still waits for a fix';
COMMENT ON COLUMN dead_letter.replayed_records IS 'records it brought to the history, in one replay or several';
