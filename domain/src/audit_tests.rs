use super::*;
use crate::ids::SeededEntropy;

const ROWS: i64 = 1000;

fn rows() -> Vec<AuditRow> {
    let entropy = SeededEntropy::new(5);
    let account = Actor::Account(AccountId::new(&entropy));
    let mut chain = Chain::START;
    let mut rows = Vec::new();
    for number in 0..ROWS {
        let reason = Reason::parse(&format!("for reason {number}")).unwrap();
        let act = Act { actor: if number % 3 == 0 { Actor::Terminal } else { account.clone() }, reason };
        let job = (number % 2 == 0).then(|| JobId::new(&entropy));
        let action = if job.is_some() { Action::Retry } else { Action::Pause };
        let at = Timestamp::from_micros(1_000_000 * number);
        let row = chain.next(Deed::new(&act, action, job.as_ref(), Outcome::Done, at));
        chain.follow(&row).unwrap();
        rows.push(row);
    }
    rows
}

fn verify(rows: &[AuditRow], head: &Chain) -> Result<(), Broken> {
    let mut chain = Chain::START;
    rows.iter().try_for_each(|row| chain.follow(row))?;
    chain.ends_at(head)
}

fn head(rows: &[AuditRow]) -> Chain {
    rows.last().map_or(Chain::START, |row| Chain { seq: row.seq, hash: row.hash })
}

#[test]
fn mr_12b_every_tampering_is_found_at_the_first_row_it_touched() {
    let sound = rows();
    let head = head(&sound);
    assert_eq!(verify(&sound, &head), Ok(()), "the case must be real");
    let edits: [fn(&mut AuditRow); 8] = [
        |row| row.deed.at = row.deed.at + std::time::Duration::from_micros(1),
        |row| row.deed.actor.push('x'),
        |row| row.deed.action = "resume".to_owned(),
        |row| row.deed.job = row.deed.job.take().xor(Some(String::new())),
        |row| row.deed.reason.insert(0, ' '),
        |row| row.deed.outcome = "again".to_owned(),
        |row| row.deed.reason = row.deed.reason.split_off(1),
        |row| row.hash = Digest::from_bytes([7; 32]),
    ];
    for index in 0..sound.len() {
        let seq = index as i64 + 1;
        let mut edited = sound.clone();
        edits[index % edits.len()](&mut edited[index]);
        assert_eq!(verify(&edited, &head), Err(Broken::Changed { seq }), "edit {}", index % edits.len());
        let mut shorter = sound.clone();
        shorter.remove(index);
        assert_eq!(verify(&shorter, &head), Err(Broken::Missing { seq }));
    }
}

#[test]
fn rows_that_are_swapped_added_or_cut_off_are_found() {
    let sound = rows();
    let head = head(&sound);
    let mut swapped = sound.clone();
    let deed = swapped[3].deed.clone();
    swapped[3].deed = std::mem::replace(&mut swapped[4].deed, deed);
    assert_eq!(verify(&swapped, &head), Err(Broken::Changed { seq: 4 }));
    let cut = &sound[..sound.len() - 5];
    assert_eq!(verify(cut, &head), Err(Broken::Missing { seq: ROWS - 4 }));
    let mut longer = sound.clone();
    longer.push(head.next(sound[0].deed.clone()));
    assert_eq!(verify(&longer, &head), Err(Broken::Added { seq: ROWS + 1 }), "with a hash that fits");
    longer[ROWS as usize].seq = 7;
    assert_eq!(verify(&longer, &head), Err(Broken::Added { seq: 7 }));
}

#[test]
fn fields_cannot_lend_each_other_letters() {
    let deed = |actor: &str, action: &str| Deed {
        at: Timestamp::from_micros(1),
        actor: actor.to_owned(),
        action: action.to_owned(),
        job: None,
        reason: "why".to_owned(),
        outcome: "done".to_owned(),
    };
    assert_ne!(Chain::START.next(deed("ab", "c")).hash, Chain::START.next(deed("a", "bc")).hash);
    let empty = Deed { job: Some(String::new()), ..deed("a", "b") };
    assert_ne!(Chain::START.next(empty).hash, Chain::START.next(deed("a", "b")).hash);
}

#[test]
fn a_reason_is_a_line_and_a_chain_reads_back() {
    assert_eq!(Reason::parse(" a new disk ").unwrap().as_str(), "a new disk");
    for text in ["", "  ", "two\nlines", &"x".repeat(201)] {
        assert!(Reason::parse(text).is_err(), "{text:?}");
    }
    let chain = head(&rows());
    assert_eq!(Chain::parse(&chain.to_string()), Some(chain));
    for text in ["", "7", "-1:00", "x:00", &format!("7:{}", "0".repeat(63))] {
        assert_eq!(Chain::parse(text), None, "{text:?}");
    }
}
