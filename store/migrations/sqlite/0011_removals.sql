-- What is being removed, what is remembered of it, and whether the clock that says so is believed.

-- A place is looked at until it was found empty twice.
ALTER TABLE doomed_blobs ADD COLUMN subject BLOB CHECK (subject IS NULL OR length(subject) = 32);
ALTER TABLE doomed_blobs ADD COLUMN files INTEGER NOT NULL DEFAULT 0 CHECK (files >= 0);
ALTER TABLE doomed_blobs ADD COLUMN failures INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0);
ALTER TABLE doomed_blobs ADD COLUMN look_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE doomed_blobs ADD COLUMN empty_at INTEGER;
CREATE INDEX doomed_blobs_to_look_at ON doomed_blobs (look_at);

-- Days, hashes of random ids, and words. No account, no name, and no order of insertion.
CREATE TABLE tombstones (
    subject     BLOB PRIMARY KEY CHECK (length(subject) = 32),
    -- The job that an artifact went with; a thing's own hash otherwise.
    root        BLOB NOT NULL CHECK (length(root) = 32),
    removed     TEXT NOT NULL CHECK (removed IN ('job', 'artifact', 'upload')),
    cause       TEXT NOT NULL CHECK (cause IN ('retention', 'erasure', 'expiry')),
    due_on      INTEGER,
    removed_on  INTEGER NOT NULL,
    verified_on INTEGER CHECK (verified_on >= removed_on),
    files       INTEGER NOT NULL DEFAULT 0 CHECK (files >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_of_root ON tombstones (root);
CREATE INDEX tombstones_by_day ON tombstones (removed_on);

-- The last reading of each start of each machine that reaps.
CREATE TABLE clock_marks (
    boot TEXT PRIMARY KEY,
    wall INTEGER NOT NULL,
    up   INTEGER NOT NULL CHECK (up >= 0)
) STRICT;

-- Why nothing is removed, while nothing is; and how many an operator has approved.
CREATE TABLE reaper (
    only_one     INTEGER PRIMARY KEY CHECK (only_one = 1),
    frozen_since INTEGER,
    frozen_why   TEXT,
    approved     INTEGER NOT NULL DEFAULT 0 CHECK (approved >= 0),
    ticked_at    INTEGER,
    swept_at     INTEGER,
    CHECK ((frozen_since IS NULL) = (frozen_why IS NULL))
) STRICT;
INSERT INTO reaper (only_one) VALUES (1);

-- Bytes that no row knew when they were seen first.
CREATE TABLE orphans (
    prefix  TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL
) STRICT;
