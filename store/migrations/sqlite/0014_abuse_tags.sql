-- What is remembered of misuse and of free previews when an account is gone, and how many previews were used while it
-- is there. docs/abuse.md says what is in here and what never is.

-- No account, no job, no id, no moment, no text, and no order but that of the hashes: a table without row ids.
CREATE TABLE abuse_tags (
    kind        INTEGER NOT NULL CHECK (kind IN (1, 2, 3, 4)),
    epoch       INTEGER NOT NULL CHECK (epoch BETWEEN 0 AND 65535),
    tag         BLOB NOT NULL CHECK (length(tag) = 16),
    reason      INTEGER NOT NULL CHECK (reason IN (1, 2, 3, 4, 5, 6)),
    first_day   INTEGER NOT NULL,
    last_day    INTEGER NOT NULL CHECK (last_day >= first_day),
    hits        INTEGER NOT NULL CHECK (hits BETWEEN 0 AND 255),
    expires_day INTEGER NOT NULL,
    PRIMARY KEY (kind, epoch, tag, reason),
    CHECK (expires_day <= last_day + 365 AND (kind NOT IN (2, 3) OR expires_day <= last_day + 30)),
    CHECK (expires_day <= first_day + 730)
) STRICT, WITHOUT ROWID;

-- Which peppers tags were written under, told apart by a hash of them; they themselves are in files.
CREATE TABLE abuse_peppers (
    kind  INTEGER NOT NULL CHECK (kind IN (1, 2, 3, 4)),
    epoch INTEGER NOT NULL CHECK (epoch BETWEEN 0 AND 65535),
    print BLOB NOT NULL CHECK (length(print) = 8),
    PRIMARY KEY (kind, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE preview_counts (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    day        INTEGER NOT NULL,
    used       INTEGER NOT NULL CHECK (used >= 1),
    PRIMARY KEY (account_id, day)
) STRICT, WITHOUT ROWID;
