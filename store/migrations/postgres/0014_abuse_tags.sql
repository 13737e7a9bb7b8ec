-- What is remembered of misuse and of free previews when an account is gone, and how many previews were used while it
-- is there. docs/abuse.md says what is in here and what never is.

-- No account, no job, no id, no moment, no text, and no order but that of the hashes, in which they are put once a day.
CREATE TABLE abuse_tags (
    kind        BIGINT NOT NULL CHECK (kind IN (1, 2, 3, 4)),
    epoch       BIGINT NOT NULL CHECK (epoch BETWEEN 0 AND 65535),
    tag         BYTEA NOT NULL CHECK (length(tag) = 16),
    reason      BIGINT NOT NULL CHECK (reason IN (1, 2, 3, 4, 5, 6)),
    first_day   BIGINT NOT NULL,
    last_day    BIGINT NOT NULL CHECK (last_day >= first_day),
    hits        BIGINT NOT NULL CHECK (hits BETWEEN 0 AND 255),
    expires_day BIGINT NOT NULL,
    PRIMARY KEY (kind, epoch, tag, reason),
    CHECK (expires_day <= last_day + 365 AND (kind NOT IN (2, 3) OR expires_day <= last_day + 30)),
    CHECK (expires_day <= first_day + 730)
);

-- Which peppers tags were written under, told apart by a hash of them; they themselves are in files.
CREATE TABLE abuse_peppers (
    kind  BIGINT NOT NULL CHECK (kind IN (1, 2, 3, 4)),
    epoch BIGINT NOT NULL CHECK (epoch BETWEEN 0 AND 65535),
    print BYTEA NOT NULL CHECK (length(print) = 8),
    PRIMARY KEY (kind, epoch)
);

CREATE TABLE preview_counts (
    account_id TEXT COLLATE "C" NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day        BIGINT NOT NULL,
    used       BIGINT NOT NULL CHECK (used >= 1),
    PRIMARY KEY (account_id, day)
);
