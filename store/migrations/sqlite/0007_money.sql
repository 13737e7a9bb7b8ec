-- Money: what jobs cost, who has what, what was paid. The CHECKs say again what domain/src/money says.

ALTER TABLE jobs ADD COLUMN credits INTEGER NOT NULL DEFAULT 0 CHECK (credits BETWEEN 0 AND 1000000);
-- A job that is over has settled its credits, and one that is not has not, whoever writes the row.
ALTER TABLE jobs ADD COLUMN money TEXT NOT NULL DEFAULT 'none' CHECK (
    (money = 'none') = (credits = 0)
    AND (money = 'none' OR money = CASE
        WHEN state = 'succeeded' AND money = 'refunded' THEN 'refunded'
        WHEN state = 'succeeded' THEN 'captured'
        WHEN state IN ('failed', 'cancelled') THEN 'released'
        ELSE 'held'
    END)
);

-- A customer's credits. The ledger knows purses, never accounts: when an account goes, this one link is cut, and what
-- bookkeeping has to keep says nothing of the person any more.
CREATE TABLE purses (
    id         TEXT PRIMARY KEY,
    account_id TEXT UNIQUE REFERENCES accounts (id) ON DELETE SET NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- Purchases of credits; the interface calls them orders.
CREATE TABLE purchases (
    id              TEXT PRIMARY KEY,
    purse_id        TEXT NOT NULL REFERENCES purses (id),
    pack            TEXT NOT NULL,
    credits         INTEGER NOT NULL CHECK (credits BETWEEN 1 AND 1000000),
    amount_minor    INTEGER NOT NULL CHECK (amount_minor BETWEEN 1 AND 99999999),
    currency        TEXT NOT NULL CHECK (length(currency) = 3),
    state           TEXT NOT NULL CHECK (state IN ('created', 'open', 'expired', 'failed', 'paid', 'mismatch')),
    withdrawal      TEXT NOT NULL DEFAULT 'none' CHECK (withdrawal IN ('none', 'asked', 'refused')),
    idempotency_key TEXT,
    body_hash       BLOB NOT NULL CHECK (length(body_hash) = 32),
    -- The provider's names for it, and where the customer pays.
    session         TEXT UNIQUE,
    url             TEXT,
    payment         TEXT UNIQUE,
    country         TEXT CHECK (length(country) = 2),
    created_at      INTEGER NOT NULL,
    paid_at         INTEGER,
    -- When to look at the provider again; NULL once there is nothing to wait for.
    look_at         INTEGER,
    looks           INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0),
    UNIQUE (purse_id, idempotency_key),
    CHECK (state IN ('created', 'expired') OR session IS NOT NULL),
    CHECK (url IS NULL OR session IS NOT NULL),
    CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
    CHECK (withdrawal = 'none' OR state = 'paid')
) STRICT;
CREATE INDEX purchases_of_purse ON purchases (purse_id, created_at, id);
CREATE INDEX purchases_to_look_at ON purchases (look_at) WHERE look_at IS NOT NULL;

CREATE TABLE refunds (
    id            TEXT PRIMARY KEY,
    purchase_id   TEXT NOT NULL REFERENCES purchases (id),
    amount_minor  INTEGER NOT NULL CHECK (amount_minor > 0),
    state         TEXT NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    is_withdrawal INTEGER NOT NULL CHECK (is_withdrawal IN (0, 1))
) STRICT;
CREATE INDEX refunds_of_purchase ON refunds (purchase_id);

CREATE TABLE disputes (
    id           TEXT PRIMARY KEY,
    purchase_id  TEXT NOT NULL REFERENCES purchases (id),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    state        TEXT NOT NULL CHECK (state IN ('inquiry', 'open', 'won', 'lost'))
) STRICT;
CREATE INDEX disputes_of_purchase ON disputes (purchase_id);

-- Each line moves an amount out of one book into another, so the sum over all books is nothing, whatever is written.
CREATE TABLE ledger (
    id          TEXT PRIMARY KEY,
    -- What this line is about, so that it cannot be written twice.
    key         TEXT NOT NULL UNIQUE,
    purse_id    TEXT NOT NULL REFERENCES purses (id),
    kind        TEXT NOT NULL,
    source      TEXT NOT NULL,
    target      TEXT NOT NULL,
    -- 'credit', or a currency.
    unit        TEXT NOT NULL,
    amount      INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 1000000000),
    -- No foreign key: a job goes when its time is up, the ledger stays.
    job_id      TEXT,
    purchase_id TEXT REFERENCES purchases (id),
    at          INTEGER NOT NULL,
    CHECK (kind || ':' || source || ':' || target IN (
        'grant:given:available', 'purchase:issued:available', 'hold:available:held', 'capture:held:earned',
        'release:held:available', 'refund:earned:available', 'reversal:available:issued',
        'restoration:issued:available', 'payment:sales:clearing', 'repayment:clearing:refunds',
        'repayment_returned:refunds:clearing', 'loss:clearing:losses')),
    CHECK ((unit <> 'credit') = (kind IN ('payment', 'repayment', 'repayment_returned', 'loss'))),
    CHECK (unit = 'credit' OR length(unit) = 3),
    CHECK ((kind IN ('hold', 'capture', 'release', 'refund')) = (job_id IS NOT NULL)),
    CHECK ((kind IN ('grant', 'hold', 'capture', 'release', 'refund')) = (purchase_id IS NULL)),
    -- A job is held for once, and that hold ends once, in one way or the other.
    CHECK (kind <> 'hold' OR key = 'hold:' || job_id),
    CHECK (kind NOT IN ('capture', 'release') OR key = 'settle:' || job_id),
    CHECK (kind <> 'refund' OR key = 'refund:' || job_id),
    CHECK (kind <> 'purchase' OR key = 'purchase:' || purchase_id),
    CHECK (kind <> 'payment' OR key = 'payment:' || purchase_id)
) STRICT;
CREATE INDEX ledger_of_purse ON ledger (purse_id, at, id);
CREATE INDEX ledger_of_purchase ON ledger (purchase_id) WHERE purchase_id IS NOT NULL;

CREATE TRIGGER ledger_is_not_changed BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is only added to');
END;
CREATE TRIGGER ledger_is_not_shortened BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is only added to');
END;
CREATE TRIGGER ledger_holds_what_is_there BEFORE INSERT ON ledger
WHEN NEW.kind = 'hold' AND NEW.amount > (
    SELECT coalesce(sum(CASE 'available' WHEN target THEN amount WHEN source THEN -amount ELSE 0 END), 0)
    FROM ledger WHERE purse_id = NEW.purse_id AND unit = 'credit')
BEGIN
    SELECT RAISE(ABORT, 'more credits are held than there are');
END;
CREATE TRIGGER ledger_settles_what_was_held BEFORE INSERT ON ledger
WHEN NEW.kind IN ('capture', 'release', 'refund') AND NOT EXISTS (
    SELECT 1 FROM ledger
    WHERE job_id = NEW.job_id AND purse_id = NEW.purse_id AND amount = NEW.amount
      AND key = CASE NEW.kind WHEN 'refund' THEN 'settle:' ELSE 'hold:' END || NEW.job_id
      AND kind = CASE NEW.kind WHEN 'refund' THEN 'capture' ELSE 'hold' END)
BEGIN
    SELECT RAISE(ABORT, 'what is settled was not held');
END;

-- What bookkeeping asks for. Numbers have no gaps.
CREATE TABLE invoice_numbers (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    last     INTEGER NOT NULL CHECK (last >= 0)
) STRICT;
INSERT INTO invoice_numbers (only_one, last) VALUES (1, 0);
CREATE TABLE invoices (
    id           TEXT PRIMARY KEY,
    number       INTEGER NOT NULL UNIQUE CHECK (number >= 1),
    purchase_id  TEXT NOT NULL REFERENCES purchases (id),
    kind         TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note', 'correction')),
    amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
    currency     TEXT NOT NULL CHECK (length(currency) = 3),
    country      TEXT,
    issued_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX invoices_of_purchase ON invoices (purchase_id);
CREATE TRIGGER invoices_are_not_changed BEFORE UPDATE ON invoices
BEGIN
    SELECT RAISE(ABORT, 'an invoice is not changed');
END;
CREATE TRIGGER invoices_are_not_removed BEFORE DELETE ON invoices
BEGIN
    SELECT RAISE(ABORT, 'an invoice is not removed');
END;

-- What Stripe told, once each.
CREATE TABLE stripe_events (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    -- What it is about, by the provider's name; NULL for what we do not follow.
    object      TEXT,
    digest      BLOB NOT NULL CHECK (length(digest) = 32),
    received_at INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('applied', 'ignored', 'parked', 'given_up')),
    purchase_id TEXT REFERENCES purchases (id),
    look_at     INTEGER,
    looks       INTEGER NOT NULL DEFAULT 0 CHECK (looks >= 0),
    CHECK ((state = 'applied') = (purchase_id IS NOT NULL)),
    CHECK ((state = 'parked') = (look_at IS NOT NULL))
) STRICT;
CREATE INDEX stripe_events_parked ON stripe_events (look_at) WHERE look_at IS NOT NULL;

-- What Stripe is to be told. The key is here before the first try, and every try uses it.
CREATE TABLE stripe_calls (
    key         TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('checkout', 'refund')),
    purchase_id TEXT NOT NULL REFERENCES purchases (id),
    state       TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'refused', 'given_up')),
    created_at  INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0),
    try_at      INTEGER,
    CHECK ((state = 'waiting') = (try_at IS NOT NULL))
) STRICT;
CREATE INDEX stripe_calls_waiting ON stripe_calls (try_at) WHERE try_at IS NOT NULL;
