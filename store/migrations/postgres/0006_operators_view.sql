-- What operators see and answer for: how long jobs waited and ran, why they failed, what is due, and who did what.

-- When the first lease and the last one began. The time between order and first lease is the wait; between last lease
-- and end, the run.
ALTER TABLE jobs ADD COLUMN started_at BIGINT;
ALTER TABLE jobs ADD COLUMN leased_at BIGINT CHECK (leased_at IS NULL OR leased_at >= started_at);
-- Of the problem of a job that failed, what failures are grouped by.
ALTER TABLE jobs ADD COLUMN problem_code TEXT CHECK (problem_code IS NULL OR problem IS NOT NULL);
ALTER TABLE jobs ADD COLUMN problem_stage TEXT CHECK (problem_stage IS NULL OR problem IS NOT NULL);
ALTER TABLE jobs ADD COLUMN problem_fault TEXT
    CHECK (problem_fault IS NULL OR problem_fault IN ('input', 'ours', 'user'));

UPDATE jobs SET
    started_at = (SELECT min(at) FROM job_events
                  WHERE job_id = jobs.id AND job_events.state = 'running' AND job_events.stage IS NULL),
    leased_at = (SELECT max(at) FROM job_events
                 WHERE job_id = jobs.id AND job_events.state = 'running' AND job_events.stage IS NULL),
    problem_code = problem::json ->> 'code',
    problem_stage = problem::json ->> 'stage',
    problem_fault = problem::json ->> 'fault';

-- With all that is asked, so that a hundred thousand jobs that are over are never read to answer for the last hour.
DROP INDEX jobs_succeeded;
CREATE INDEX jobs_succeeded ON jobs (finished_at) INCLUDE (kind, created_at, started_at, leased_at)
    WHERE state = 'succeeded';
CREATE INDEX jobs_ended ON jobs (finished_at) INCLUDE (kind) WHERE finished_at IS NOT NULL AND kind <> 'check';
CREATE INDEX jobs_failed ON jobs (finished_at) INCLUDE (problem_code, problem_stage, problem_fault, kind, id)
    WHERE state = 'failed';
CREATE INDEX jobs_by_age ON jobs (created_at, id) INCLUDE (kind) WHERE kind <> 'check';
CREATE INDEX jobs_by_state ON jobs (state, created_at, id) WHERE kind <> 'check';
CREATE INDEX jobs_due ON jobs (delete_at) WHERE delete_at IS NOT NULL;
CREATE INDEX uploads_due ON uploads (delete_at) WHERE delete_at IS NOT NULL;
CREATE INDEX doomed_blobs_in_order ON doomed_blobs (doomed_at, prefix);

-- Who paused the queue.
ALTER TABLE queue_pause ADD COLUMN actor TEXT NOT NULL DEFAULT 'unknown';
-- Of the program; empty for one that did not tell yet.
ALTER TABLE workers ADD COLUMN version TEXT NOT NULL DEFAULT '';

-- What operators did. Each hash covers the row and the hash before it, so that an edit or a deletion is found even if
-- somebody takes the triggers away: domain/src/audit.rs.
CREATE TABLE audit (
    seq     BIGINT PRIMARY KEY CHECK (seq >= 1),
    at      BIGINT NOT NULL,
    actor   TEXT NOT NULL CHECK (actor <> ''),
    action  TEXT NOT NULL CHECK (action IN ('retry', 'cancel', 'pause', 'resume')),
    -- No foreign key: what was done stays known after the job is gone.
    job_id  TEXT COLLATE "C",
    reason  TEXT NOT NULL CHECK (length(reason) BETWEEN 1 AND 200),
    outcome TEXT NOT NULL CHECK (outcome IN ('done', 'hastened', 'again', 'unchanged', 'refused')),
    hash    BYTEA NOT NULL CHECK (length(hash) = 32),
    CHECK ((action IN ('retry', 'cancel')) = (job_id IS NOT NULL))
);

-- The last row, kept beside them so that a missing end is found too; whoever adds one holds it.
CREATE TABLE audit_head (
    only_one BIGINT PRIMARY KEY CHECK (only_one = 1),
    seq      BIGINT NOT NULL CHECK (seq >= 0),
    hash     BYTEA NOT NULL CHECK (length(hash) = 32)
);
INSERT INTO audit_head (only_one, seq, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));

CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'what was done is only added to';
END $$;
CREATE TRIGGER audit_is_not_edited BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_is_not_emptied BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_head_rises BEFORE UPDATE ON audit_head FOR EACH ROW
WHEN (NEW.seq <> OLD.seq + 1)
EXECUTE FUNCTION audit_stays();
CREATE TRIGGER audit_head_stays BEFORE DELETE ON audit_head FOR EACH ROW EXECUTE FUNCTION audit_stays();
