//! Privacy: what is promised, what it costs, and what is released.

#[cfg(unix)]
mod forks;
mod known_answers;
mod ledger;
mod memory;
mod mistakes;
mod vocabulary;
