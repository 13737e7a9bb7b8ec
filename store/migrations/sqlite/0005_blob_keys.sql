-- The keys of blobs, each wrapped by a key that is kept outside of the database. Deleting a row deletes its blob, wherever
-- copies of the bytes may lie.

CREATE TABLE blob_keys (
    blob       TEXT NOT NULL,
    -- Which write of the blob: a key never seals twice.
    seal       BLOB NOT NULL CHECK (length(seal) = 16),
    kek        TEXT NOT NULL CHECK (length(kek) = 21),
    wrapped    BLOB NOT NULL CHECK (length(wrapped) = 60),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (blob, seal)
) STRICT;
CREATE INDEX blob_keys_by_kek ON blob_keys (kek);
