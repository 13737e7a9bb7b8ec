//! Credits and money: what work costs, what was paid, and who has what.
//!
//! | module | what | key types |
//! |---|---|---|
//! | [`amount`] | whole credits, money in whole minor units | `Credits`, `Price`, `Currency` |
//! | [`prices`] | what work costs, checked once | `PriceList`, `Pack` |
//! | [`ledger`] | every way that an amount can move | `Movement`, `Book`, `Balance` |
//! | [`purchase`] | the life of one payment, as it is seen at the provider | `PurchaseState::after`, `Seen`, `Due` |

pub mod amount;
pub mod ledger;
pub mod prices;
pub mod purchase;

pub use amount::{Credits, Currency, Price};
pub use ledger::{Balance, Book, Movement};
pub use prices::{Pack, PriceList};
