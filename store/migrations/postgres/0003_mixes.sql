-- Mixes: what was decided about each stem.

ALTER TABLE jobs DROP CONSTRAINT jobs_kinds;
ALTER TABLE jobs ADD CONSTRAINT jobs_kinds CHECK (kind IN ('check', 'master', 'album', 'mix', 'mix_and_master'));

-- NULL if everything is left to the engine.
ALTER TABLE job_inputs ADD COLUMN settings TEXT
    CONSTRAINT job_inputs_settings CHECK (settings IS NULL OR (settings::json IS NOT NULL AND part = 'input'));
