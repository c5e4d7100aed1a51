//! What counts, lengths, times and names look like ordinarily, and how far from that the next one is.
//!
//! Every score is `-ln p`: the surprise, in nats, of what was just seen, by what was learned before it. Scores are taken
//! before the update, and what is surprising is not learned from. Each state is of fixed size and takes constant time.

mod cusum;
mod daily;
mod deviation;
mod distinct;
mod novelty;
mod rate;
mod stirling;
mod sustained;
mod tail;
#[cfg(test)]
mod tests;
mod transitions;
mod week;

pub(crate) use cusum::Cusum;
pub(crate) use daily::Daily;
pub(crate) use deviation::{Deviation, surprise as surprise_of_deviations};
pub(crate) use distinct::Distinct;
pub(crate) use novelty::{Novelty, Seen, ShareOfNew};
pub(crate) use rate::{HOT, Rate, Shift};
pub(crate) use sustained::Sustained;
pub(crate) use tail::NegativeBinomial;
pub(crate) use transitions::Transitions;
pub(crate) use week::Week;
