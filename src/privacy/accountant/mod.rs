//! Who may spend how much privacy, and what is spent.

mod account;
mod accounts;
mod amount;
mod budget;
mod error;
mod filter;
mod remaining;
mod scope;
mod statement;
#[cfg(test)]
pub(super) mod tests;

pub use accounts::Quote;
pub(super) use accounts::{Accounts, Approved};
pub use amount::Amount;
pub(super) use amount::Spend;
pub use budget::Budget;
pub use error::{ChargeError, Limit, OverBudget};
pub use filter::{Filter, Measure};
pub use remaining::Remaining;
pub use scope::{Charge, DataSubject, PartitionName, PartitionNameError, Scope};
pub use statement::Statement;
