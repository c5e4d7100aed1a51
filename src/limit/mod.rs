//! Call limits and budgets over sliding windows, exact, and reserved all or none.
//!
//! A [`Counter`] is what has been used of one configured limit; a [`Demand`] says what a call wants of it and how much there
//! may be; [`reserve`] takes all demands of a call in one step and answers with a [`Reservation`] or with the limit that
//! stands in the way longest. A [`CounterRegistry`] keeps counters across changes of policy.
//!
//! **Law.** An entry made at `t` counts at every `now` with `t <= now < t + window`. So no half-open stretch of one window
//! ever holds more than the limit that its last entry was checked against, and at `t + window` the place is free.
//!
//! **Time** is nanoseconds on a clock that the caller reads. Each log keeps the latest time it was told, and takes an earlier
//! one for that: a clock that jumps back opens nothing.
//!
//! **Memory.** A log is exact up to 4,096 live entries. With a quarter more, those within the same 1/2048 of the window become
//! one that expires with the last of them: late, never early. So the entries of one key never take more than about 120 KiB; a
//! key with few entries takes up to about 600 bytes. An owner has at most 1,024 keys with live entries in a counter; a further
//! key is refused, and no live one is ever forgotten.
//!
//! **Cost.** Amortised O(1) a call, O(log keys) when a key comes or goes; a refusal walks over the entries that must expire
//! first. A counter that had a longer window until lately walks over the entries in its present one.

mod amount;
mod counter;
mod registry;
mod reserve;
mod table;
#[cfg(test)]
mod tests;
mod window;

pub(crate) use amount::{Amount, Rounding};
pub(crate) use counter::{Counter, Shape};
pub(crate) use registry::{Counted, CounterRegistry};
pub(crate) use reserve::{Demand, Exceeded, ExceededKind, Reservation, reserve, would_fit};
pub(crate) use table::Key;
