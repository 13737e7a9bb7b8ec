//! Every way that an amount can move. The ledger is a list of movements that is only added to.
//!
//! A movement takes an amount out of one book and puts it into another, so whatever is written down, all books of a
//! unit together hold nothing; a balance is a sum of movements, never a number of its own. Which books a movement
//! is between, and of what, follows from its kind alone; the table's CHECKs say the same again.

use serde::{Deserialize, Serialize};

use crate::artifact::closed_words;

closed_words! {
    /// Where an amount can be.
    Book {
        /// Credits that a customer can spend.
        Available = "available",
        /// Credits that wait for the end of a job.
        Held = "held",
        /// Credits that jobs were done for.
        Earned = "earned",
        /// Where sold credits come from.
        Issued = "issued",
        /// Where credits come from that nobody paid for.
        Given = "given",
        /// Money that customers paid.
        Sales = "sales",
        /// Money that the payment provider has for us.
        Clearing = "clearing",
        /// Money that went back to customers.
        Refunds = "refunds",
        /// Money that was lost in disputes.
        Losses = "losses",
    }
}

closed_words! {
    /// Why an amount moves.
    Movement {
        /// Credits nobody paid for: a gift of the service.
        Grant = "grant",
        /// Credits of a pack that was paid for.
        Purchase = "purchase",
        /// A job was ordered.
        Hold = "hold",
        /// The job succeeded.
        Capture = "capture",
        /// The job failed or was cancelled.
        Release = "release",
        /// The job succeeded, and its credits are given back all the same.
        Refund = "refund",
        /// Money goes back, and its credits with it.
        Reversal = "reversal",
        /// That money did not go back after all, and the credits are there again.
        Restoration = "restoration",
        /// A customer paid.
        Payment = "payment",
        /// Money went back to a customer.
        Repayment = "repayment",
        /// It came back to us: the customer's bank did not take it.
        RepaymentReturned = "repayment_returned",
        /// A customer's bank took the money back.
        Loss = "loss",
    }
}

/// What a movement is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Unit {
    /// Credits.
    Credit,
    /// Money, in the smallest unit of a currency.
    Money,
}

impl Movement {
    /// Out of which book, into which.
    #[must_use]
    pub const fn books(self) -> (Book, Book) {
        match self {
            Self::Grant => (Book::Given, Book::Available),
            Self::Purchase | Self::Restoration => (Book::Issued, Book::Available),
            Self::Hold => (Book::Available, Book::Held),
            Self::Capture => (Book::Held, Book::Earned),
            Self::Release => (Book::Held, Book::Available),
            Self::Refund => (Book::Earned, Book::Available),
            Self::Reversal => (Book::Available, Book::Issued),
            Self::Payment => (Book::Sales, Book::Clearing),
            Self::Repayment => (Book::Clearing, Book::Refunds),
            Self::RepaymentReturned => (Book::Refunds, Book::Clearing),
            Self::Loss => (Book::Clearing, Book::Losses),
        }
    }

    /// Of what.
    #[must_use]
    pub const fn unit(self) -> Unit {
        match self {
            Self::Payment | Self::Repayment | Self::RepaymentReturned | Self::Loss => Unit::Money,
            _ => Unit::Credit,
        }
    }

    /// What moving `amount` does to `book`.
    #[must_use]
    pub fn effect(self, book: Book, amount: i64) -> i64 {
        match self.books() {
            (source, _) if source == book => -amount,
            (_, target) if target == book => amount,
            _ => 0,
        }
    }
}

/// A customer's credits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Balance {
    /// What can be spent. Below zero when money went back whose credits were spent already.
    pub available: i64,
    /// What waits for the end of jobs.
    pub held: i64,
}

impl Balance {
    /// With one more movement.
    #[must_use]
    pub fn after(self, movement: Movement, amount: i64) -> Self {
        Self {
            available: self.available + movement.effect(Book::Available, amount),
            held: self.held + movement.effect(Book::Held, amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_movement_leaves_the_sum_of_all_books_as_it_was() {
        for movement in Movement::ALL {
            let sum: i64 = Book::ALL.iter().map(|book| movement.effect(*book, 7)).sum();
            let moved = Book::ALL.iter().filter(|book| movement.effect(**book, 7) != 0).count();
            assert_eq!((sum, moved), (0, 2), "{movement}");
        }
    }

    #[test]
    fn credits_never_meet_money() {
        let money = [Book::Sales, Book::Clearing, Book::Refunds, Book::Losses];
        for movement in Movement::ALL {
            let (source, target) = movement.books();
            let is_money = movement.unit() == Unit::Money;
            assert_eq!(
                (money.contains(&source), money.contains(&target)),
                (is_money, is_money),
                "{movement}"
            );
        }
    }

    #[test]
    fn a_hold_ends_as_a_capture_or_as_if_it_had_never_been() {
        let before = Balance::default().after(Movement::Purchase, 10);
        let held = before.after(Movement::Hold, 4);
        assert_eq!(held, Balance { available: 6, held: 4 });
        assert_eq!(held.after(Movement::Release, 4), before);
        assert_eq!(held.after(Movement::Capture, 4), Balance { available: 6, held: 0 });
    }
}
