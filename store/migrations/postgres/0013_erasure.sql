-- What a person wrote or is known by is sealed under a key of their account, so that deleting the key deletes it
-- wherever copies of these bytes may lie. Rows of before are sealed by the program when it starts: it has the keys,
-- this file has not. The columns that held them in plain text are empty afterwards.

-- The key of each account, wrapped by a key that is kept outside of the database.
CREATE TABLE account_keys (
    account_id TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    kek        TEXT COLLATE "C" NOT NULL CHECK (length(kek) = 21),
    wrapped    BYTEA NOT NULL CHECK (length(wrapped) = 60)
);
CREATE INDEX account_keys_by_kek ON account_keys (kek);

-- The key of the hashes by which an address or an order is found again.
CREATE TABLE lookup_key (
    only_one BIGINT PRIMARY KEY CHECK (only_one = 1),
    kek      TEXT COLLATE "C" NOT NULL CHECK (length(kek) = 21),
    wrapped  BYTEA NOT NULL CHECK (length(wrapped) = 60)
);

-- Renamed, so that a program of before, which would look an address up in plain text and make a second account, fails.
ALTER TABLE accounts RENAME COLUMN email TO email_tag;
ALTER TABLE accounts ADD COLUMN sealed BYTEA CHECK (sealed IS NULL OR length(email_tag) = 64);
ALTER TABLE api_keys ADD COLUMN sealed BYTEA CHECK (sealed IS NULL OR name = '');
ALTER TABLE uploads ADD COLUMN sealed BYTEA CHECK (sealed IS NULL OR (name = '' AND filetype IS NULL));
ALTER TABLE jobs RENAME COLUMN idempotency_key TO idempotency_tag;
ALTER TABLE jobs ADD COLUMN sealed BYTEA
    CHECK (sealed IS NULL OR (title = '' AND (idempotency_tag IS NULL OR length(idempotency_tag) = 64)));
ALTER TABLE jobs ADD COLUMN problem_sealed BYTEA CHECK (problem_sealed IS NULL OR problem IS NOT NULL);
ALTER TABLE job_inputs ADD COLUMN sealed BYTEA CHECK (sealed IS NULL OR title = '');
ALTER TABLE artifacts ADD COLUMN sealed BYTEA CHECK (sealed IS NULL OR name = '');

-- A purchase outlives its account: nothing in it may be in the customer's own words.
ALTER TABLE purchases RENAME COLUMN idempotency_key TO idempotency_tag;
UPDATE purchases SET idempotency_tag = NULL;

-- An account is among what leaves a receipt. It is verified once the last of its places was found empty.
ALTER TABLE tombstones DROP CONSTRAINT tombstones_removed_check;
ALTER TABLE tombstones ADD CONSTRAINT tombstones_removed_check
    CHECK (removed IN ('job', 'artifact', 'upload', 'account'));
-- The tombstone of the account that a place belonged to; gone with the row, once the place is empty.
ALTER TABLE doomed_blobs ADD COLUMN account BYTEA CHECK (account IS NULL OR length(account) = 32);
CREATE INDEX doomed_blobs_of_account ON doomed_blobs (account) WHERE account IS NOT NULL;
