-- What whoever bought last said: that they are of age or have a parent's permission, and under which text.
CREATE TABLE payer_agreements (
    account_id    TEXT COLLATE "C" PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    may_pay       BIGINT NOT NULL CHECK (may_pay = 1),
    terms_version TEXT NOT NULL
);
