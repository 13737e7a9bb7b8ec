//! The life of one purchase of credits.
//!
//! What the payment provider tells may come twice, late and in any order. So nothing is done because of an event: the
//! purchase is looked up at the provider, and what was seen is merged into what was known. Merging takes the further of
//! two states, never the nearer, so the order of looks does not matter; what is due follows from the merged state
//! alone.

use crate::artifact::closed_words;
use crate::money::{Credits, Price};
use serde::{Deserialize, Serialize};

closed_words! {
    /// How far a purchase has come.
    PurchaseState {
        /// Wanted; the provider does not know of it yet, or we do not know that it does.
        Created = "created",
        /// The customer can pay.
        Open = "open",
        /// The customer did not pay in time.
        Expired = "expired",
        /// The customer's bank did not pay.
        Failed = "failed",
        /// Paid.
        Paid = "paid",
        /// Paid, but not what was asked for: an operator has to look.
        Mismatch = "mismatch",
    }
}

closed_words! {
    /// Where a wish to withdraw stands.
    Withdrawal {
        /// There is none.
        None = "none",
        /// Wished for: the money is on its way back.
        Asked = "asked",
        /// It could not go back; the credits are there again.
        Refused = "refused",
    }
}

closed_words! {
    /// How far one repayment has come.
    RefundState {
        /// On its way.
        Pending = "pending",
        /// There.
        Succeeded = "succeeded",
        /// It came back to us.
        Failed = "failed",
    }
}

closed_words! {
    /// How far a quarrel between a customer and their bank has come.
    DisputeState {
        /// The bank asks. No money has moved.
        Inquiry = "inquiry",
        /// The bank took the money until it is decided.
        Open = "open",
        /// Decided for us, or dropped.
        Won = "won",
        /// Decided for the customer.
        Lost = "lost",
    }
}

/// What was seen of one purchase at the provider, at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// How far.
    pub state: SeenState,
    /// The provider's name for the payment, once there is one.
    pub payment: Option<String>,
    /// From which country, two letters; tax wants to know.
    pub country: Option<String>,
    /// Money that went back, or is on its way.
    pub refunds: Vec<SeenRefund>,
    /// Quarrels about it.
    pub disputes: Vec<SeenDispute>,
}

impl Seen {
    /// The sum of its repayments that did not come back, in the smallest unit.
    #[must_use]
    pub fn repaid_minor(&self) -> i64 {
        let alive = |refund: &&SeenRefund| refund.state != RefundState::Failed;
        self.refunds.iter().filter(alive).map(|refund| refund.amount_minor).sum()
    }

    /// The sum of its disputes that were lost, in the smallest unit.
    #[must_use]
    pub fn lost_minor(&self) -> i64 {
        let lost = |dispute: &&SeenDispute| dispute.state == DisputeState::Lost;
        self.disputes.iter().filter(lost).map(|dispute| dispute.amount_minor).sum()
    }
}

/// How far a purchase has come, as the provider sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SeenState {
    /// The customer can pay, or the bank has not decided yet.
    Open,
    /// The customer did not pay in time.
    Expired,
    /// The customer's bank did not pay.
    Failed,
    /// Paid: so much, of this currency.
    Paid {
        /// In the smallest unit.
        amount_minor: i64,
        /// As the provider writes it.
        currency: String,
    },
}

/// One repayment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenRefund {
    /// The provider's name for it.
    pub id: String,
    /// In the smallest unit.
    pub amount_minor: i64,
    /// How far.
    pub state: RefundState,
    /// Who wanted it.
    pub reason: RefundReason,
}

/// Who wanted a repayment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RefundReason {
    /// The customer withdrew, and this program asked for it.
    Withdrawal,
    /// Somebody at the provider's own pages.
    Other,
}

/// One quarrel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenDispute {
    /// The provider's name for it.
    pub id: String,
    /// In the smallest unit.
    pub amount_minor: i64,
    /// How far.
    pub state: DisputeState,
}

impl PurchaseState {
    /// The only place where a purchase moves: the further of what was known and what was seen. Paid is the furthest,
    /// because it is the one that money stands behind.
    #[must_use]
    pub fn after(self, seen: &SeenState, asked: Price) -> Self {
        let seen = match seen {
            SeenState::Open => Self::Open,
            SeenState::Expired => Self::Expired,
            SeenState::Failed => Self::Failed,
            SeenState::Paid { amount_minor, currency } => {
                let is_right = *amount_minor == asked.minor() && currency == asked.currency().as_str();
                if is_right { Self::Paid } else { Self::Mismatch }
            }
        };
        if seen.rank() > self.rank() { seen } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Open => 1,
            Self::Expired => 2,
            Self::Failed => 3,
            Self::Paid | Self::Mismatch => 4,
        }
    }

    /// Whether looking again may show more. Money can come back after a payment, but that is told by an event.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        self.rank() > 1
    }
}

impl RefundState {
    /// The further of two.
    #[must_use]
    pub const fn after(self, seen: Self) -> Self {
        if seen.rank() > self.rank() { seen } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Succeeded => 1,
            // A bank may send back what had arrived.
            Self::Failed => 2,
        }
    }
}

impl DisputeState {
    /// The further of two.
    #[must_use]
    pub const fn after(self, seen: Self) -> Self {
        if seen.rank() > self.rank() { seen } else { self }
    }

    const fn rank(self) -> u8 {
        match self {
            Self::Inquiry => 0,
            Self::Open => 1,
            Self::Won | Self::Lost => 2,
        }
    }
}

/// Everything that is known of a purchase and moves an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    /// How far it has come.
    pub state: PurchaseState,
    /// Whether the customer withdrew.
    pub withdrawal: Withdrawal,
    /// What is in the pack.
    pub credits: Credits,
    /// What was asked for it.
    pub price: Price,
    /// The sum of its repayments that did not come back, in the smallest unit.
    pub repaid_minor: i64,
    /// The sum of its disputes that were lost, in the smallest unit.
    pub lost_minor: i64,
}

/// What the ledger has to say of a purchase.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Due {
    /// Credits the customer got.
    pub granted: i64,
    /// Credits that were taken back.
    pub reversed: i64,
    /// Money that came in.
    pub paid_minor: i64,
    /// Money that went back.
    pub repaid_minor: i64,
    /// Money that was lost.
    pub lost_minor: i64,
}

impl Known {
    /// What follows from it, and from nothing else.
    #[must_use]
    pub fn due(&self) -> Due {
        if self.state != PurchaseState::Paid {
            return Due::default();
        }
        let (credits, price) = (self.credits.count(), self.price.minor());
        // Never more than was paid, whatever anybody at the provider's pages did.
        let (repaid_minor, lost_minor) = (self.repaid_minor.clamp(0, price), self.lost_minor.clamp(0, price));
        let reversed = match self.withdrawal {
            Withdrawal::Asked => credits,
            Withdrawal::None | Withdrawal::Refused => {
                credits * (repaid_minor + lost_minor).min(price) / price
            }
        };
        Due { granted: credits, reversed, paid_minor: price, repaid_minor, lost_minor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn price() -> Price {
        Price::new(900, Currency::EUR).unwrap()
    }

    fn paid(amount_minor: i64, currency: &str) -> SeenState {
        SeenState::Paid { amount_minor, currency: currency.to_owned() }
    }

    #[test]
    fn the_order_of_looks_does_not_matter() {
        let looks =
            [SeenState::Open, SeenState::Expired, SeenState::Failed, paid(900, "eur"), SeenState::Open];
        let through = |order: &[usize]| {
            order.iter().fold(PurchaseState::Created, |state, look| state.after(&looks[*look], price()))
        };
        assert_eq!(through(&[0, 1, 2, 3, 4]), PurchaseState::Paid);
        assert_eq!(through(&[3, 4, 2, 0, 1]), PurchaseState::Paid);
        assert_eq!(through(&[2, 1, 4]), PurchaseState::Failed);
        let disputes = [DisputeState::Lost, DisputeState::Open, DisputeState::Inquiry];
        assert_eq!(disputes.into_iter().reduce(DisputeState::after), Some(DisputeState::Lost));
        assert_eq!(disputes.into_iter().rev().reduce(DisputeState::after), Some(DisputeState::Lost));
    }

    #[test]
    fn another_amount_or_currency_buys_nothing() {
        for seen in [paid(899, "eur"), paid(901, "eur"), paid(900, "usd"), paid(0, "")] {
            let state = PurchaseState::Open.after(&seen, price());
            assert_eq!(state, PurchaseState::Mismatch, "{seen:?}");
            assert_eq!(known(state, Withdrawal::None, 0, 0).due(), Due::default());
        }
    }

    fn known(state: PurchaseState, withdrawal: Withdrawal, repaid_minor: i64, lost_minor: i64) -> Known {
        let credits = Credits::new(10).unwrap();
        Known { state, withdrawal, credits, price: price(), repaid_minor, lost_minor }
    }

    #[test]
    fn credits_go_back_with_the_money_and_never_more_than_there_were() {
        let reversed =
            |repaid, lost| known(PurchaseState::Paid, Withdrawal::None, repaid, lost).due().reversed;
        assert_eq!([reversed(0, 0), reversed(89, 0), reversed(90, 0), reversed(450, 450)], [0, 0, 1, 10]);
        let twice = known(PurchaseState::Paid, Withdrawal::None, 900, 900).due();
        assert_eq!((twice.reversed, twice.repaid_minor, twice.lost_minor), (10, 900, 900));
        assert_eq!(known(PurchaseState::Paid, Withdrawal::None, 1800, 0).due().repaid_minor, 900);
    }

    #[test]
    fn who_withdraws_has_no_credits_before_the_money_is_back_and_has_them_again_if_it_cannot_be() {
        let reversed = |withdrawal| known(PurchaseState::Paid, withdrawal, 0, 0).due().reversed;
        assert_eq!((reversed(Withdrawal::Asked), reversed(Withdrawal::Refused)), (10, 0));
    }
}
