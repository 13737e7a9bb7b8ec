-- Whether a removal is written down beside the bytes as well, where a copy of this database does not reach.
ALTER TABLE tombstones ADD COLUMN is_logged BIGINT NOT NULL DEFAULT 0 CHECK (is_logged IN (0, 1));
CREATE INDEX tombstones_to_log ON tombstones (removed_on) WHERE is_logged = 0 AND subject = root;
