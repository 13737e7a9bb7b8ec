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

pub(crate) const REFUSED: [&str; 22] = [
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
];

pub(crate) const TAKEN: [&str; 2] = [
    "UPDATE jobs SET state = 'running', not_before = NULL, worker = 'w1', lease_until = 9, fence = 1,
            attempt = 1 WHERE id = 'queued'",
    "UPDATE jobs SET state = 'failed', finished_at = 5, delete_at = 6, worker = NULL, lease_until = NULL,
            crash_count = 3, problem = '{}' WHERE id = 'running'",
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
