-- Who sends an upload, so that any number of processes may take its bytes; and uploads that are made of others.

-- Rises by one with each holder, never falls; whatever moves an upload names it.
ALTER TABLE uploads ADD COLUMN lock_fence BIGINT NOT NULL DEFAULT 0 CHECK (lock_fence >= 0);
ALTER TABLE uploads ADD COLUMN lock_until BIGINT CHECK (lock_until IS NULL OR lock_fence > 0);
ALTER TABLE uploads ADD COLUMN lock_asked BIGINT NOT NULL DEFAULT 0
    CHECK (lock_asked IN (0, 1) AND (lock_asked = 0 OR lock_until IS NOT NULL));

-- `Upload-Concat` as it came: a part stays a part, and is never checked.
ALTER TABLE uploads ADD COLUMN concat TEXT
    CHECK (concat IS NULL OR (concat = 'partial' AND state = 'receiving') OR substr(concat, 1, 6) = 'final;');
-- The upload that a part belongs to, until it has the part's bytes.
ALTER TABLE uploads ADD COLUMN part_of TEXT COLLATE "C"
    CHECK (part_of IS NULL OR (concat IS NOT NULL AND concat = 'partial' AND received_bytes = size_bytes));
CREATE INDEX uploads_parts ON uploads (part_of) WHERE part_of IS NOT NULL;

-- What HEAD tells the metadata from: 0 there was none, 1 name and type, 2 a blob.
ALTER TABLE uploads ADD COLUMN metadata BIGINT NOT NULL DEFAULT 1 CHECK (metadata IN (0, 1, 2));
