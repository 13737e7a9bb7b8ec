-- Mail. Nobody's address is written here in clear: a mail that waits is sealed under a key that lies outside the
-- database, and the address behind a link is sealed under the link's own token.

-- Mails that are to be sent. A row goes when its mail went, or when its time is over.
CREATE TABLE outbox (
    id         TEXT COLLATE "C" PRIMARY KEY,
    sealed     BYTEA NOT NULL CHECK (length(sealed) BETWEEN 1 AND 65536),
    tries      BIGINT NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 8),
    try_at     BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX outbox_to_try ON outbox (try_at);

-- Links that were mailed, by the hash of their token. Whoever asks for one to sign in need not have an account.
CREATE TABLE mail_links (
    hash          BYTEA PRIMARY KEY CHECK (length(hash) = 32),
    sealed        BYTEA NOT NULL CHECK (length(sealed) BETWEEN 1 AND 1024),
    -- The account that is to have the address; NULL for a link that signs in.
    account_id    TEXT COLLATE "C" REFERENCES accounts (id) ON DELETE CASCADE,
    terms_version TEXT,
    expires_at    BIGINT NOT NULL,
    CHECK ((account_id IS NULL) = (terms_version IS NOT NULL))
);
CREATE INDEX mail_links_of_account ON mail_links (account_id) WHERE account_id IS NOT NULL;

-- What somebody said when signing up, and nothing more: that they are old enough, and to which text they agreed.
CREATE TABLE agreements (
    account_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    age_confirmed BIGINT NOT NULL CHECK (age_confirmed = 1),
    terms_version TEXT NOT NULL
);

-- When links were asked for lately, by a keyed tag of an address or a network. A row goes with its last hour.
CREATE TABLE mail_paces (
    tag     TEXT PRIMARY KEY CHECK (length(tag) = 64),
    times   TEXT NOT NULL DEFAULT '[]' CHECK (times::json IS NOT NULL),
    last_at BIGINT NOT NULL
);
CREATE INDEX mail_paces_by_time ON mail_paces (last_at);
