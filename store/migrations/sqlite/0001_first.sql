-- Times are microseconds since 1970 UTC. Ids are text with a prefix. The CHECKs say again what
-- domain/src/job.rs says, so that not even a hand at the database can bring a row into a state that the
-- program does not know.

CREATE TABLE accounts (
    id             TEXT PRIMARY KEY,
    email          TEXT NOT NULL UNIQUE,
    roles          TEXT NOT NULL CHECK (json_valid(roles)),
    created_at     INTEGER NOT NULL,
    -- Rises over all accounts with each lease: the queue serves first whoever had no turn for longest. Not a
    -- time, because two leases of one microsecond must have an order too.
    last_turn      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX accounts_by_turn ON accounts (last_turn);

CREATE TABLE sign_in_links (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL CHECK (expires_at > created_at)
) STRICT;
CREATE INDEX sessions_of_account ON sessions (account_id);

CREATE TABLE api_keys (
    id         TEXT PRIMARY KEY,
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL CHECK (json_valid(scopes)),
    created_at INTEGER NOT NULL,
    expires_at INTEGER CHECK (expires_at > created_at)
) STRICT;
CREATE INDEX api_keys_of_account ON api_keys (account_id);

CREATE TABLE uploads (
    id             TEXT PRIMARY KEY,
    account_id     TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    filetype       TEXT,
    state          TEXT NOT NULL CHECK (state IN ('receiving', 'checking', 'ready', 'rejected')),
    size_bytes     INTEGER CHECK (size_bytes >= 0),
    received_bytes INTEGER NOT NULL DEFAULT 0 CHECK (received_bytes >= 0),
    sha256         BLOB CHECK (length(sha256) = 32),
    audio          TEXT CHECK (json_valid(audio)),
    findings       TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(findings)),
    problem        TEXT CHECK (json_valid(problem)),
    created_at     INTEGER NOT NULL,
    -- NULL while a job that is not over needs it.
    delete_at      INTEGER,
    -- The first of its jobs that ended has set delete_at; later jobs do not change it.
    is_due_by_job  INTEGER NOT NULL DEFAULT 0 CHECK (is_due_by_job IN (0, 1)),
    CHECK (size_bytes IS NULL OR received_bytes <= size_bytes),
    CHECK ((state = 'receiving') = (sha256 IS NULL)),
    CHECK (state = 'receiving' OR (size_bytes IS NOT NULL AND received_bytes = size_bytes)),
    CHECK ((state = 'ready') = (audio IS NOT NULL)),
    CHECK ((state = 'rejected') = (problem IS NOT NULL))
) STRICT;
CREATE INDEX uploads_of_account ON uploads (account_id, created_at, id);

CREATE TABLE jobs (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- 'check' is internal: a look at an upload. No list shows it.
    kind            TEXT NOT NULL CHECK (kind IN ('check', 'master')),
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
-- With the kind, so that a place in the queue is counted in the index alone.
CREATE INDEX jobs_waiting ON jobs (created_at, id, kind) WHERE state = 'queued';
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

-- No foreign key on the upload: an input of several jobs goes with the first of them, and the others keep its
-- id.
CREATE TABLE job_inputs (
    job_id    TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position  INTEGER NOT NULL CHECK (position >= 0),
    upload_id TEXT NOT NULL,
    PRIMARY KEY (job_id, position)
) STRICT;
CREATE INDEX job_inputs_of_upload ON job_inputs (upload_id);

CREATE TABLE job_events (
    job_id   TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq      INTEGER NOT NULL CHECK (seq >= 1),
    at       INTEGER NOT NULL,
    state    TEXT NOT NULL,
    stage    TEXT,
    progress REAL NOT NULL CHECK (progress BETWEEN 0 AND 1),
    PRIMARY KEY (job_id, seq)
) STRICT;

CREATE TRIGGER job_events_stay BEFORE UPDATE ON job_events
BEGIN
    SELECT RAISE(ABORT, 'a job''s history is only added to');
END;

CREATE TABLE artifacts (
    id         TEXT PRIMARY KEY,
    job_id     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL CHECK (position >= 0),
    kind       TEXT NOT NULL CHECK (kind IN ('master', 'mix', 'stem', 'preview', 'report')),
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

-- Blobs whose rows are gone. Written in the same transaction as what made them useless, so that no crash can
-- leave bytes behind that nobody remembers.
CREATE TABLE doomed_blobs (
    prefix    TEXT PRIMARY KEY,
    doomed_at INTEGER NOT NULL
) STRICT;
