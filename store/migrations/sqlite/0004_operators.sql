-- What operators do and see: a queue that stands still, and who works.

CREATE TABLE queue_pause (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    since    INTEGER NOT NULL,
    reason   TEXT NOT NULL
) STRICT;

-- For people and for estimates; no lease depends on it.
CREATE TABLE workers (
    name       TEXT PRIMARY KEY,
    slots      INTEGER NOT NULL CHECK (slots >= 1),
    started_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL
) STRICT;

-- How long runs lasted lately.
CREATE INDEX jobs_succeeded ON jobs (finished_at) WHERE state = 'succeeded';
