//! What a hand at the database does to the audit, and what a verification says of it: the same for every engine.

use domain::audit::Broken;

/// How many rows were written before.
pub(crate) const ROWS: i64 = 9;

/// What the tables refuse as long as their triggers are there.
pub(crate) const REFUSED: [&str; 7] = [
    "UPDATE audit SET reason = 'another' WHERE seq = 4",
    "DELETE FROM audit WHERE seq = 9",
    "DELETE FROM audit_head",
    "UPDATE audit_head SET seq = 8",
    "INSERT INTO audit SELECT 10, at, actor, 'erase', job_id, reason, outcome, hash FROM audit WHERE seq = 9",
    "INSERT INTO audit SELECT 10, at, actor, action, job_id, '', outcome, hash FROM audit WHERE seq = 9",
    "INSERT INTO audit SELECT 9, at, actor, action, job_id, reason, outcome, hash FROM audit WHERE seq = 9",
];

/// What is done once they are gone, each to a fresh audit, and what is found.
pub(crate) fn tamperings() -> Vec<(&'static str, Broken)> {
    let changed = |seq| Broken::Changed { seq };
    let missing = |seq| Broken::Missing { seq };
    vec![
        ("UPDATE audit SET reason = 'another' WHERE seq = 4", changed(4)),
        ("UPDATE audit SET actor = 'acc_somebody_else' WHERE seq IN (6, 3)", changed(3)),
        ("UPDATE audit SET at = at + 1 WHERE seq = 1", changed(1)),
        ("UPDATE audit SET outcome = 'unchanged' WHERE seq = 9", changed(9)),
        ("UPDATE audit SET hash = (SELECT hash FROM audit_head) WHERE seq = 5", changed(5)),
        ("DELETE FROM audit WHERE seq = 1", missing(1)),
        ("DELETE FROM audit WHERE seq = 7", missing(7)),
        ("DELETE FROM audit WHERE seq >= 8", missing(8)),
        ("DELETE FROM audit", missing(1)),
        ("UPDATE audit SET seq = 30 WHERE seq = 2", missing(2)),
        ("UPDATE audit_head SET hash = (SELECT hash FROM audit WHERE seq = 1)", changed(9)),
        ("UPDATE audit_head SET seq = 8", Broken::Added { seq: 9 }),
        (
            "INSERT INTO audit SELECT 10, at, actor, action, job_id, reason, outcome, hash FROM audit WHERE seq = 9",
            changed(10),
        ),
    ]
}
