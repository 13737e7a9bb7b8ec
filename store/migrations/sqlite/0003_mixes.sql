-- Mixes: what was decided about each stem.
--
-- SQLite cannot change a CHECK, so the tables are made anew. A table that others refer to must not be dropped while
-- they do, since its rows would take theirs along: so the copies refer to each other, and the old ones go from the
-- leaves down.

CREATE TABLE jobs_3 (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- 'check' is internal: a look at an upload. No list shows it.
    kind            TEXT NOT NULL CHECK (kind IN ('check', 'master', 'album', 'mix', 'mix_and_master')),
    title           TEXT NOT NULL,
    recipe          TEXT CHECK (json_valid(recipe)),
    state           TEXT NOT NULL
        CHECK (state IN ('awaiting_payment', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
    not_before      INTEGER,
    worker          TEXT,
    lease_until     INTEGER,
    -- Rises by one with each lease, never falls; every write back of a worker names it.
    fence           INTEGER NOT NULL DEFAULT 0 CHECK (fence >= 0),
    attempt         INTEGER NOT NULL DEFAULT 0 CHECK (attempt BETWEEN 0 AND fence),
    crash_count     INTEGER NOT NULL DEFAULT 0 CHECK (crash_count BETWEEN 0 AND 3),
    fail_count      INTEGER NOT NULL DEFAULT 0 CHECK (fail_count BETWEEN 0 AND 8),
    stage           TEXT,
    progress        REAL NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    problem         TEXT CHECK (json_valid(problem)),
    engine_version  TEXT,
    idempotency_key TEXT,
    body_hash       BLOB CHECK (length(body_hash) = 32),
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    delete_at       INTEGER,
    UNIQUE (account_id, idempotency_key),
    CHECK ((kind = 'check') = (recipe IS NULL)),
    CHECK ((state = 'queued') = (not_before IS NOT NULL)),
    CHECK ((state = 'running') = (worker IS NOT NULL)),
    CHECK ((state = 'running') = (lease_until IS NOT NULL)),
    CHECK (state = 'running' OR stage IS NULL),
    CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL)),
    CHECK ((finished_at IS NULL) = (delete_at IS NULL)),
    CHECK (delete_at > finished_at),
    CHECK ((state = 'failed') = (problem IS NOT NULL)),
    CHECK (crash_count < 3 OR state = 'failed'),
    CHECK (fail_count < 8 OR state = 'failed'),
    CHECK (idempotency_key IS NULL OR body_hash IS NOT NULL)
) STRICT;
INSERT INTO jobs_3 (
    id, account_id, kind, title, recipe, state, not_before, worker, lease_until, fence, attempt,
    crash_count, fail_count, stage, progress, problem, engine_version, idempotency_key, body_hash,
    created_at, finished_at, delete_at
) SELECT
    id, account_id, kind, title, recipe, state, not_before, worker, lease_until, fence, attempt,
    crash_count, fail_count, stage, progress, problem, engine_version, idempotency_key, body_hash,
    created_at, finished_at, delete_at
FROM jobs;

-- No foreign key on the upload: an input of several jobs goes with the first of them, and the others keep its
-- id. A reference is kept, and goes, as an input does.
CREATE TABLE job_inputs_3 (
    job_id    TEXT NOT NULL REFERENCES jobs_3 (id) ON DELETE CASCADE,
    part      TEXT NOT NULL CHECK (part IN ('input', 'reference')),
    position  INTEGER NOT NULL CHECK (position >= 0),
    upload_id TEXT NOT NULL,
    -- What the track of an album is called; empty if its owner did not say.
    title     TEXT NOT NULL DEFAULT '' CHECK (part = 'input' OR title = ''),
    -- What was decided about the stem of a mix; NULL if everything is left to the engine.
    settings  TEXT CHECK (settings IS NULL OR (json_valid(settings) AND part = 'input')),
    PRIMARY KEY (job_id, part, position)
) STRICT;
INSERT INTO job_inputs_3 (job_id, part, position, upload_id, title)
SELECT job_id, part, position, upload_id, title FROM job_inputs;

CREATE TABLE job_events_3 (
    job_id   TEXT NOT NULL REFERENCES jobs_3 (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL,
    stage    TEXT,
    progress REAL NOT NULL CHECK (progress BETWEEN 0 AND 1),
    PRIMARY KEY (job_id, seq)
) STRICT;
INSERT INTO job_events_3 (job_id, seq, at, state, stage, progress)
SELECT job_id, seq, at, state, stage, progress FROM job_events;

CREATE TABLE artifacts_3 (
    id         TEXT PRIMARY KEY,
    job_id     TEXT NOT NULL REFERENCES jobs_3 (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position >= 0),
    kind       TEXT NOT NULL CHECK (kind IN ('master', 'mix', 'stem', 'preview', 'report')),
    -- Of an album: which track it is of.
    track      INTEGER CHECK (track >= 1),
    name       TEXT NOT NULL,
    format     TEXT NOT NULL,
    size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    blob       TEXT NOT NULL UNIQUE,
    peaks      TEXT,
    created_at INTEGER NOT NULL,
    delete_at  INTEGER NOT NULL,
    UNIQUE (job_id, position)
) STRICT;
INSERT INTO artifacts_3 (
    id, job_id, position, kind, track, name, format, size_bytes, sha256, blob, peaks, created_at, delete_at
) SELECT
    id, job_id, position, kind, track, name, format, size_bytes, sha256, blob, peaks, created_at, delete_at
FROM artifacts;

DROP TABLE artifacts;
DROP TABLE job_events;
DROP TABLE job_inputs;
DROP TABLE jobs;
ALTER TABLE jobs_3 RENAME TO jobs;
ALTER TABLE job_inputs_3 RENAME TO job_inputs;
ALTER TABLE job_events_3 RENAME TO job_events;
ALTER TABLE artifacts_3 RENAME TO artifacts;

CREATE INDEX job_inputs_of_upload ON job_inputs (upload_id);
-- With all that the queue asks about a waiting job, so that it is answered from the index alone.
CREATE INDEX jobs_waiting ON jobs (created_at, id, kind, account_id, not_before) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (account_id, lease_until) WHERE state = 'running';
CREATE INDEX jobs_of_account ON jobs (account_id, created_at, id);

CREATE TRIGGER jobs_end_once BEFORE UPDATE OF state ON jobs
WHEN OLD.state IN ('succeeded', 'failed', 'cancelled')
BEGIN
    SELECT RAISE(ABORT, 'a job that is over does not move');
END;

CREATE TRIGGER jobs_fence_rises BEFORE UPDATE OF fence ON jobs
WHEN NEW.fence < OLD.fence
BEGIN
    SELECT RAISE(ABORT, 'a fence never falls');
END;

CREATE TRIGGER job_events_stay BEFORE UPDATE ON job_events
BEGIN
    SELECT RAISE(ABORT, 'a job''s history is only added to');
END;
