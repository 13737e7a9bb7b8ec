-- What is being removed, what is remembered of it, and whether the clock that says so is believed.

-- A place is looked at until it was found empty twice.
ALTER TABLE doomed_blobs ADD COLUMN subject BYTEA CHECK (subject IS NULL OR length(subject) = 32);
ALTER TABLE doomed_blobs ADD COLUMN files BIGINT NOT NULL DEFAULT 0 CHECK (files >= 0);
ALTER TABLE doomed_blobs ADD COLUMN failures BIGINT NOT NULL DEFAULT 0 CHECK (failures >= 0);
ALTER TABLE doomed_blobs ADD COLUMN look_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE doomed_blobs ADD COLUMN empty_at BIGINT;
CREATE INDEX doomed_blobs_to_look_at ON doomed_blobs (look_at);

-- Days, hashes of random ids, and words. No account, no name, and no order of insertion.
CREATE TABLE tombstones (
    subject     BYTEA PRIMARY KEY CHECK (length(subject) = 32),
    -- The job that an artifact went with; a thing's own hash otherwise.
    root        BYTEA NOT NULL CHECK (length(root) = 32),
    removed     TEXT NOT NULL CHECK (removed IN ('job', 'artifact', 'upload')),
    cause       TEXT NOT NULL CHECK (cause IN ('retention', 'erasure', 'expiry')),
    due_on      BIGINT,
    removed_on  BIGINT NOT NULL,
    verified_on BIGINT CHECK (verified_on >= removed_on),
    files       BIGINT NOT NULL DEFAULT 0 CHECK (files >= 0)
);
CREATE INDEX tombstones_of_root ON tombstones (root);
CREATE INDEX tombstones_by_day ON tombstones (removed_on);

-- The last reading of each start of each machine that reaps.
CREATE TABLE clock_marks (
    boot TEXT COLLATE "C" PRIMARY KEY,
    wall BIGINT NOT NULL,
    up   BIGINT NOT NULL CHECK (up >= 0)
);

-- Why nothing is removed, while nothing is; and how many an operator has approved.
CREATE TABLE reaper (
    only_one     BIGINT PRIMARY KEY CHECK (only_one = 1),
    frozen_since BIGINT,
    frozen_why   TEXT,
    approved     BIGINT NOT NULL DEFAULT 0 CHECK (approved >= 0),
    ticked_at    BIGINT,
    swept_at     BIGINT,
    CHECK ((frozen_since IS NULL) = (frozen_why IS NULL))
);
INSERT INTO reaper (only_one) VALUES (1);

-- Bytes that no row knew when they were seen first.
CREATE TABLE orphans (
    prefix  TEXT COLLATE "C" PRIMARY KEY,
    seen_at BIGINT NOT NULL
);
