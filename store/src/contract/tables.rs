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
