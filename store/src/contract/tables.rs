//! What the tables themselves must refuse and take, should the program ever be wrong: the same words for every engine.

use domain::ids::AccountId;

/// One job in each interesting state, written by hand.
pub(crate) fn rows(account: &AccountId) -> Vec<String> {
    let job = |(id, state, columns, values): (&str, &str, &str, &str)| {
        format!(
            "INSERT INTO jobs (id, account_id, kind, title, recipe, state, created_at, {columns})
             VALUES ('{id}', '{account}', 'master', '', '{{}}', '{state}', 1, {values})"
        )
    };
    let jobs = [
        ("queued", "queued", "not_before", "1"),
        ("running", "running", "worker, lease_until, fence, attempt", "'w1', 9, 4, 2"),
        ("succeeded", "succeeded", "finished_at, delete_at", "5, 6"),
    ];
    let event =
        "INSERT INTO job_events (job_id, seq, at, state, progress) VALUES ('queued', 1, 1, 'queued', 0)";
    jobs.into_iter().map(job).chain([event.to_owned()]).collect()
}

pub(crate) const REFUSED: [&str; 26] = [
    "UPDATE jobs SET state = 'done' WHERE id = 'queued'",
    "UPDATE jobs SET state = 'running', not_before = NULL WHERE id = 'queued'",
    "UPDATE jobs SET not_before = NULL WHERE id = 'queued'",
    "UPDATE jobs SET lease_until = NULL WHERE id = 'running'",
    "UPDATE jobs SET worker = NULL WHERE id = 'running'",
    "UPDATE jobs SET fence = 3 WHERE id = 'running'",
    "UPDATE jobs SET attempt = 5 WHERE id = 'running'",
    "UPDATE jobs SET crash_count = 3 WHERE id = 'running'",
    "UPDATE jobs SET fail_count = 8 WHERE id = 'running'",
    "UPDATE jobs SET progress = 1.5 WHERE id = 'running'",
    "UPDATE jobs SET finished_at = 5, delete_at = 6 WHERE id = 'running'",
    "UPDATE jobs SET state = 'failed', finished_at = 5, delete_at = 6, worker = NULL, lease_until = NULL
     WHERE id = 'running'",
    "UPDATE jobs SET state = 'cancelled' WHERE id = 'succeeded'",
    "UPDATE jobs SET delete_at = NULL WHERE id = 'succeeded'",
    "UPDATE jobs SET delete_at = 5 WHERE id = 'succeeded'",
    "UPDATE jobs SET recipe = NULL WHERE id = 'succeeded'",
    "UPDATE jobs SET recipe = 'not json' WHERE id = 'succeeded'",
    "UPDATE job_events SET state = 'running'",
    "INSERT INTO job_events (job_id, seq, at, state, progress) VALUES ('queued', 1, 2, 'running', 0)",
    "INSERT INTO job_inputs (job_id, part, position, upload_id) VALUES ('nobody', 'input', 0, 'upl_1')",
    "INSERT INTO job_inputs (job_id, part, position, upload_id) VALUES ('queued', 'noise', 0, 'upl_1')",
    "UPDATE jobs SET kind = 'remaster' WHERE id = 'queued'",
    // A row that is sealed has nothing in plain text beside it.
    "UPDATE jobs SET sealed = (SELECT hash FROM sign_in_links), title = 'Song' WHERE id = 'queued'",
    "UPDATE jobs SET sealed = (SELECT hash FROM sign_in_links), idempotency_tag = 'mine' WHERE id = 'queued'",
    "UPDATE accounts SET email_tag = 'a@b.org'",
    "INSERT INTO account_keys (account_id, kek, wrapped) SELECT 'nobody', kek, wrapped FROM account_keys",
];

pub(crate) const TAKEN: [&str; 3] = [
    "UPDATE jobs SET sealed = (SELECT hash FROM sign_in_links) WHERE id = 'queued'",
    "UPDATE jobs SET state = 'running', not_before = NULL, worker = 'w1', lease_until = 9, fence = 1,
            attempt = 1 WHERE id = 'queued'",
    "UPDATE jobs SET state = 'failed', finished_at = 5, delete_at = 6, worker = NULL, lease_until = NULL,
            crash_count = 3, problem = '{}' WHERE id = 'running'",
];

/// Five credits, of which three are held, and one is spent.
pub(crate) fn money_rows(account: &AccountId) -> Vec<String> {
    let line = |(id, key, kind, source, target, amount, job): (u8, &str, &str, &str, &str, i64, &str)| {
        format!(
            "INSERT INTO ledger (id, key, purse_id, kind, source, target, unit, amount, job_id, at)
             VALUES ('{id}', '{key}', 'purse', '{kind}', '{source}', '{target}', 'credit', {amount}, {job}, 1)"
        )
    };
    let lines = [
        (1, "grant:1", "grant", "given", "available", 5, "NULL"),
        (2, "hold:j1", "hold", "available", "held", 3, "'j1'"),
        (3, "hold:j2", "hold", "available", "held", 1, "'j2'"),
        (4, "settle:j2", "capture", "held", "earned", 1, "'j2'"),
    ];
    let purse = format!("INSERT INTO purses (id, account_id, created_at) VALUES ('purse', '{account}', 1)");
    // The two engines write bytes in different ways; a row of another table has 32 of them.
    let purchase = "INSERT INTO purchases (id, purse_id, pack, credits, amount_minor, currency, state, session,
                        body_hash, created_at, paid_at)
                    SELECT 'ord', 'purse', 'small', 10, 900, 'eur', 'paid', 'cs', hash, 1, 2 FROM sign_in_links";
    [purse].into_iter().chain(lines.into_iter().map(line)).chain([purchase.to_owned()]).collect()
}

/// A line that is well but for what a case changes.
macro_rules! line {
    ($key:literal, $kind:literal, $source:literal, $target:literal, $unit:literal, $amount:literal, $job:literal,
     $purchase:literal) => {
        concat!(
            "INSERT INTO ledger (id, key, purse_id, kind, source, target, unit, amount, job_id, purchase_id, at)
             VALUES ('new', '", $key, "', 'purse', '", $kind, "', '", $source, "', '", $target, "', '", $unit, "', ",
            $amount, ", ", $job, ", ", $purchase, ", 1)"
        )
    };
}

pub(crate) const MONEY_REFUSED: [&str; 22] = [
    "UPDATE ledger SET amount = 4 WHERE id = '1'",
    "DELETE FROM ledger WHERE id = '1'",
    line!("grant:1", "grant", "given", "available", "credit", "5", "NULL", "NULL"),
    line!("grant:2", "grant", "given", "available", "credit", "0", "NULL", "NULL"),
    line!("grant:2", "grant", "given", "available", "credit", "-1", "NULL", "NULL"),
    line!("grant:2", "grant", "given", "available", "eur", "1", "NULL", "NULL"),
    line!("grant:2", "grant", "given", "given", "credit", "1", "NULL", "NULL"),
    line!("grant:2", "grant", "held", "available", "credit", "1", "NULL", "NULL"),
    line!("hold:j3", "hold", "available", "held", "credit", "2", "'j3'", "NULL"),
    line!("hold:j4", "hold", "available", "held", "credit", "1", "'j3'", "NULL"),
    line!("hold:j1", "hold", "available", "held", "credit", "1", "'j1'", "NULL"),
    line!("settle:j1", "capture", "held", "earned", "credit", "2", "'j1'", "NULL"),
    line!("settle:j9", "release", "held", "available", "credit", "1", "'j9'", "NULL"),
    line!("settle:j2", "release", "held", "available", "credit", "1", "'j2'", "NULL"),
    line!("settle:j2-again", "capture", "held", "earned", "credit", "1", "'j2'", "NULL"),
    line!("refund:j1", "refund", "earned", "available", "credit", "3", "'j1'", "NULL"),
    line!("payment:1", "payment", "sales", "clearing", "eur", "900", "NULL", "'ord'"),
    line!("payment:ord", "payment", "sales", "clearing", "eur", "900", "NULL", "NULL"),
    "UPDATE jobs SET credits = 3 WHERE id = 'queued'",
    "UPDATE jobs SET credits = 3, money = 'captured' WHERE id = 'queued'",
    "UPDATE jobs SET credits = 3, money = 'held' WHERE id = 'succeeded'",
    "UPDATE purchases SET paid_at = NULL WHERE id = 'ord'",
];

/// The last two: when an account goes, the ledger stays and says nothing of it.
pub(crate) const MONEY_TAKEN: [&str; 7] = [
    line!("payment:ord", "payment", "sales", "clearing", "eur", "900", "NULL", "'ord'"),
    "INSERT INTO ledger (id, key, purse_id, kind, source, target, unit, amount, job_id, at)
     VALUES ('5', 'settle:j1', 'purse', 'release', 'held', 'available', 'credit', 3, 'j1', 1)",
    "INSERT INTO ledger (id, key, purse_id, kind, source, target, unit, amount, job_id, at)
     VALUES ('6', 'hold:j3', 'purse', 'hold', 'available', 'held', 'credit', 4, 'j3', 1)",
    "UPDATE jobs SET credits = 3, money = 'held' WHERE id = 'queued'",
    "UPDATE jobs SET credits = 3, money = 'captured' WHERE id = 'succeeded'",
    "DELETE FROM accounts",
    "UPDATE purses SET created_at = 2 WHERE account_id IS NULL",
];

/// Of mail, for the account there is.
pub(crate) const MAIL_REFUSED: [&str; 8] = [
    "INSERT INTO agreements (account_id, age_confirmed, terms_version) SELECT id, 0, '1' FROM accounts",
    "INSERT INTO agreements (account_id, age_confirmed, terms_version) VALUES ('nobody', 1, '1')",
    "INSERT INTO payer_agreements (account_id, may_pay, terms_version) SELECT id, 0, '1' FROM accounts",
    "INSERT INTO payer_agreements (account_id, may_pay, terms_version) VALUES ('nobody', 1, '1')",
    "INSERT INTO mail_links (hash, sealed, account_id, terms_version, expires_at)
     SELECT hash, hash, account_id, '1', 1 FROM sign_in_links",
    "INSERT INTO mail_links (hash, sealed, account_id, terms_version, expires_at)
     SELECT hash, hash, NULL, NULL, 1 FROM sign_in_links",
    "INSERT INTO outbox (id, sealed, tries, try_at, expires_at) SELECT 'mai_1', hash, 9, 1, 1 FROM sign_in_links",
    "INSERT INTO mail_paces (tag, times, last_at)
     VALUES ('0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef', 'never', 1)",
];

/// A hundred thousand jobs that are over, one a second, of the one account there is; every fiftieth has failed.
pub(crate) const MANY_THAT_ARE_OVER: &str =
    "WITH RECURSIVE numbers (n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
     INSERT INTO jobs (id, account_id, kind, title, recipe, state, created_at, started_at, leased_at, finished_at,
                       delete_at, problem, problem_code, problem_fault, problem_stage)
     SELECT 'many' || n, accounts.id, 'master', '', '{}', CASE WHEN n % 50 = 0 THEN 'failed' ELSE 'succeeded' END,
            n * 1000000, n * 1000000 + 5, n * 1000000 + 5, n * 1000000 + 900000, n * 1000000 + 99000000000,
            CASE WHEN n % 50 = 0 THEN '{}' END, CASE WHEN n % 50 = 0 THEN 'audio_silent' END,
            CASE WHEN n % 50 = 0 THEN 'input' END, CASE WHEN n % 50 = 0 THEN 'decode' END
     FROM numbers CROSS JOIN accounts";

/// A question with numbers in the places of its parameters: a time an hour before the last job's end, a limit.
pub(crate) fn with_numbers(sql: &str) -> String {
    let (time, id) = ("96400000000", "'many9'");
    let sql = match sql.contains("(created_at, id) < ($1, $2)") {
        true => sql.replace("$2", id).replace("$3", "50").replace("$4", "'failed'"),
        false => sql.replace("$2", "1000").replace("$3", "100000000000"),
    };
    match sql.contains("LIMIT $1") {
        true => sql.replace("$1", "20"),
        false => sql.replace("$1", time),
    }
}
