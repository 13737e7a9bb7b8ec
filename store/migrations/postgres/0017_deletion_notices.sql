-- How often the owner of a result was told that it goes: not yet, once (two weeks before), twice (three days before).
ALTER TABLE jobs ADD COLUMN deletion_notices BIGINT NOT NULL DEFAULT 0 CHECK (deletion_notices BETWEEN 0 AND 2);
CREATE INDEX jobs_to_tell ON jobs (deletion_notices, delete_at)
    WHERE state = 'succeeded' AND kind <> 'check' AND deletion_notices < 2;
