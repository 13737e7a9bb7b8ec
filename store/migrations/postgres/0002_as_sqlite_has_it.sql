-- The tables as SQLite has them after its migration of the same number; a test compares the two. Times are
-- microseconds since 1970 UTC, ids are text with a prefix, compared byte by byte. JSON is kept as the program wrote it,
-- so that a number comes back to the bit. The CHECKs say again what domain/src/job.rs says, so that not even a hand at
-- the database can bring a row into a state that the program does not know.

CREATE TABLE accounts (
    id             TEXT COLLATE "C" PRIMARY KEY,
    email          TEXT COLLATE "C" NOT NULL UNIQUE,
    roles          TEXT NOT NULL CHECK (roles::json IS NOT NULL),
    created_at     BIGINT NOT NULL,
    -- Rises over all accounts with each lease: the queue serves first whoever had no turn for longest. Not a
    -- time, because two leases of one microsecond must have an order too.
    last_turn      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX accounts_by_turn ON accounts (last_turn);

CREATE TABLE sign_in_links (
    hash       BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    used_at    BIGINT
);

CREATE TABLE sessions (
    id         TEXT COLLATE "C" PRIMARY KEY,
    hash       BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    device     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL CHECK (expires_at > created_at)
);
CREATE INDEX sessions_of_account ON sessions (account_id);

CREATE TABLE api_keys (
    id         TEXT COLLATE "C" PRIMARY KEY,
    hash       BYTEA NOT NULL UNIQUE CHECK (length(hash) = 32),
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    scopes     TEXT NOT NULL CHECK (scopes::json IS NOT NULL),
    created_at BIGINT NOT NULL,
    expires_at BIGINT CHECK (expires_at > created_at)
);
CREATE INDEX api_keys_of_account ON api_keys (account_id);

CREATE TABLE uploads (
    id             TEXT COLLATE "C" PRIMARY KEY,
    account_id     TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    filetype       TEXT,
    state          TEXT NOT NULL CHECK (state IN ('receiving', 'checking', 'ready', 'rejected')),
    size_bytes     BIGINT CHECK (size_bytes >= 0),
    received_bytes BIGINT NOT NULL DEFAULT 0 CHECK (received_bytes >= 0),
    sha256         BYTEA CHECK (length(sha256) = 32),
    audio          TEXT CHECK (audio IS NULL OR audio::json IS NOT NULL),
    findings       TEXT NOT NULL DEFAULT '[]' CHECK (findings::json IS NOT NULL),
    problem        TEXT CHECK (problem IS NULL OR problem::json IS NOT NULL),
    created_at     BIGINT NOT NULL,
    -- NULL while a job that is not over needs it.
    delete_at      BIGINT,
    -- The first of its jobs that ended has set delete_at; later jobs do not change it.
    is_due_by_job  BIGINT NOT NULL DEFAULT 0 CHECK (is_due_by_job IN (0, 1)),
    CHECK (size_bytes IS NULL OR received_bytes <= size_bytes),
    CHECK ((state = 'receiving') = (sha256 IS NULL)),
    CHECK (state = 'receiving' OR (size_bytes IS NOT NULL AND received_bytes = size_bytes)),
    CHECK ((state = 'ready') = (audio IS NOT NULL)),
    CHECK ((state = 'rejected') = (problem IS NOT NULL))
);
CREATE INDEX uploads_of_account ON uploads (account_id, created_at, id);

CREATE TABLE jobs (
    id              TEXT COLLATE "C" PRIMARY KEY,
    account_id      TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- 'check' is internal: a look at an upload. No list shows it. The list is named, so that a later migration can
    -- put a longer one in its place.
    kind            TEXT NOT NULL CONSTRAINT jobs_kinds CHECK (kind IN ('check', 'master', 'album')),
    title           TEXT NOT NULL,
    recipe          TEXT CHECK (recipe IS NULL OR recipe::json IS NOT NULL),
    state           TEXT NOT NULL
        CHECK (state IN ('awaiting_payment', 'queued', 'running', 'succeeded', 'failed', 'cancelled')),
    not_before      BIGINT,
    worker          TEXT,
    lease_until     BIGINT,
    -- Rises by one with each lease, never falls; every write back of a worker names it.
    fence           BIGINT NOT NULL DEFAULT 0 CHECK (fence >= 0),
    attempt         BIGINT NOT NULL DEFAULT 0 CHECK (attempt BETWEEN 0 AND fence),
    crash_count     BIGINT NOT NULL DEFAULT 0 CHECK (crash_count BETWEEN 0 AND 3),
    fail_count      BIGINT NOT NULL DEFAULT 0 CHECK (fail_count BETWEEN 0 AND 8),
    stage           TEXT,
    progress        DOUBLE PRECISION NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 1),
    problem         TEXT CHECK (problem IS NULL OR problem::json IS NOT NULL),
    engine_version  TEXT,
    idempotency_key TEXT,
    body_hash       BYTEA CHECK (length(body_hash) = 32),
    created_at      BIGINT NOT NULL,
    finished_at     BIGINT,
    delete_at       BIGINT,
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
);
-- The queue asks for each account's oldest waiting job, from the index alone; a job's place asks by age over all.
CREATE INDEX jobs_waiting ON jobs (account_id, created_at, id) INCLUDE (not_before) WHERE state = 'queued';
CREATE INDEX jobs_waiting_by_age ON jobs (created_at, id) INCLUDE (kind, account_id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (account_id, lease_until) WHERE state = 'running';
CREATE INDEX jobs_of_account ON jobs (account_id, created_at, id);

CREATE FUNCTION jobs_end_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a job that is over does not move';
END $$;
CREATE TRIGGER jobs_end_once BEFORE UPDATE OF state ON jobs FOR EACH ROW
WHEN (OLD.state IN ('succeeded', 'failed', 'cancelled'))
EXECUTE FUNCTION jobs_end_once();

CREATE FUNCTION jobs_fence_rises() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a fence never falls';
END $$;
CREATE TRIGGER jobs_fence_rises BEFORE UPDATE OF fence ON jobs FOR EACH ROW
WHEN (NEW.fence < OLD.fence)
EXECUTE FUNCTION jobs_fence_rises();

-- No foreign key on the upload: an input of several jobs goes with the first of them, and the others keep its
-- id. A reference is kept, and goes, as an input does.
CREATE TABLE job_inputs (
    job_id    TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    part      TEXT NOT NULL CONSTRAINT job_inputs_parts CHECK (part IN ('input', 'reference')),
    position  BIGINT NOT NULL CHECK (position >= 0),
    upload_id TEXT COLLATE "C" NOT NULL,
    -- What the track of an album is called; empty if its owner did not say.
    title     TEXT NOT NULL DEFAULT '' CONSTRAINT job_inputs_titles CHECK (part = 'input' OR title = ''),
    PRIMARY KEY (job_id, part, position)
);
CREATE INDEX job_inputs_of_upload ON job_inputs (upload_id);

CREATE TABLE job_events (
    job_id   TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq      BIGINT NOT NULL CHECK (seq >= 1),
    at       BIGINT NOT NULL,
    state    TEXT NOT NULL,
    stage    TEXT,
    progress DOUBLE PRECISION NOT NULL CHECK (progress BETWEEN 0 AND 1),
    PRIMARY KEY (job_id, seq)
);

CREATE FUNCTION job_events_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a job''s history is only added to';
END $$;
CREATE TRIGGER job_events_stay BEFORE UPDATE ON job_events FOR EACH ROW
EXECUTE FUNCTION job_events_stay();

CREATE TABLE artifacts (
    id         TEXT COLLATE "C" PRIMARY KEY,
    job_id     TEXT COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    position   BIGINT NOT NULL CHECK (position >= 0),
    kind       TEXT NOT NULL CONSTRAINT artifacts_kinds
        CHECK (kind IN ('master', 'mix', 'stem', 'preview', 'report')),
    -- Of an album: which track it is of.
    track      BIGINT CHECK (track >= 1),
    name       TEXT NOT NULL,
    format     TEXT NOT NULL,
    size_bytes BIGINT NOT NULL CHECK (size_bytes >= 0),
    sha256     BYTEA NOT NULL CHECK (length(sha256) = 32),
    blob       TEXT NOT NULL UNIQUE,
    peaks      TEXT,
    created_at BIGINT NOT NULL,
    delete_at  BIGINT NOT NULL,
    UNIQUE (job_id, position)
);

-- Blobs whose rows are gone. Written in the same transaction as what made them useless, so that no crash can
-- leave bytes behind that nobody remembers.
CREATE TABLE doomed_blobs (
    prefix    TEXT COLLATE "C" PRIMARY KEY,
    doomed_at BIGINT NOT NULL
);
