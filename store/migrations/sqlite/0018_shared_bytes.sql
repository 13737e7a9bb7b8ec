-- The same file twice in one account lies here once: at the place of the upload that was first.
ALTER TABLE uploads ADD COLUMN bytes_of TEXT
    CHECK (bytes_of IS NULL OR (bytes_of <> id AND state = 'ready'));
CREATE INDEX uploads_elsewhere ON uploads (bytes_of) WHERE bytes_of IS NOT NULL;
CREATE INDEX uploads_by_bytes ON uploads (account_id, sha256) WHERE state = 'ready';

-- Places with more than one upload, and with how many. A place goes with its last upload.
CREATE TABLE shared_places (
    upload_id TEXT PRIMARY KEY,
    uploads   INTEGER NOT NULL CHECK (uploads >= 1)
) STRICT;
