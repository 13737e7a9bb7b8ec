//! Whether what we know of purchases is what the provider knows of them, and whether our rows agree with our ledger.

use std::collections::BTreeMap;
use std::fmt;

use domain::clock::Timestamp;
use domain::ids::PurchaseId;
use domain::money::purchase::Seen;
use store::money::Purchase;

use super::{PaymentError, Payments, look};

/// One thing that is not as it should be, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference(String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

const PAGE: u32 = 100;

/// Compares all purchases since a time. Reads alone, unless `repair`: then what was seen is merged, as if an event had
/// told of it.
pub async fn reconcile(
    payments: &Payments,
    since: Timestamp,
    repair: Repair,
) -> Result<Vec<Difference>, PaymentError> {
    let mut differences: Vec<Difference> = Vec::new();
    for fault in payments.store.money_faults().await? {
        differences.push(Difference(fault));
    }
    let mut ours: BTreeMap<PurchaseId, Purchase> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = payments.store.everyones_purchases(since, after.as_ref(), PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        ours.extend(page.into_iter().map(|purchase| (purchase.id.clone(), purchase)));
    }
    let mut seen_for = BTreeMap::<PurchaseId, Vec<String>>::new();
    for theirs in payments.stripe().checkouts_since(since).await? {
        let Some(purchase) = theirs.purchase else { continue }; // not opened by this program
        seen_for.entry(purchase).or_default().push(theirs.session);
    }
    for (purchase, sessions) in &seen_for {
        if sessions.len() > 1 {
            differences.push(Difference(format!("{purchase} has {} checkouts at Stripe", sessions.len())));
        }
        if !ours.contains_key(purchase) && payments.store.anyones_purchase(purchase).await?.is_none() {
            differences
                .push(Difference(format!("{purchase} is at Stripe ({}) and not here", sessions.join(", "))));
        }
    }
    for purchase in ours.values() {
        let theirs = seen_for.get(&purchase.id).and_then(|sessions| sessions.first());
        let Some(session) = purchase.session.as_ref().or(theirs) else { continue };
        match payments.stripe().look(session).await? {
            None => differences.push(Difference(format!("{}: Stripe knows no {session}", purchase.id))),
            Some((_, seen)) => differences.extend(compare(purchase, &seen)),
        }
        if repair == Repair::Merge {
            look(payments, session, None).await?;
        }
    }
    Ok(differences)
}

/// What is done about a difference.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repair {
    /// Nothing.
    No,
    /// What is so at the provider is merged.
    Merge,
}

/// What would follow from what is seen, beside what followed.
fn compare(purchase: &Purchase, seen: &Seen) -> Vec<Difference> {
    let id = &purchase.id;
    let mut differences = Vec::new();
    let state = purchase.state.after(&seen.state, purchase.price);
    if state != purchase.state {
        differences.push(Difference(format!("{id} is {} here and {state} at Stripe", purchase.state)));
    }
    for (what, here, there) in [
        ("repaid", purchase.repaid_minor, seen.repaid_minor()),
        ("lost in disputes", purchase.lost_minor, seen.lost_minor()),
    ] {
        if here != there {
            differences.push(Difference(format!("{id}: {here} {what} here and {there} at Stripe")));
        }
    }
    differences
}
