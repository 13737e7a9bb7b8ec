-- What operators do and see: a queue that stands still, and who works.

CREATE TABLE queue_pause (
    only_one BIGINT PRIMARY KEY CHECK (only_one = 1),
    since    BIGINT NOT NULL,
    reason   TEXT NOT NULL
);

-- For people and for estimates; no lease depends on it.
CREATE TABLE workers (
    name       TEXT COLLATE "C" PRIMARY KEY,
    slots      BIGINT NOT NULL CHECK (slots >= 1),
    started_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL
);

-- How long runs lasted lately.
CREATE INDEX jobs_succeeded ON jobs (finished_at) WHERE state = 'succeeded';
