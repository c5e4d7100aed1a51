//! What can be proved of constraints without trying every value. Each answer that says something is certain; where
//! finding out would take too long, or is not known how, the answer says nothing.

mod contradiction;
mod implication;
mod normal;
mod world;

#[cfg(test)]
mod tests;

pub(super) use contradiction::contradiction;
pub(super) use normal::{Conjunction, alternatives, candidates, kinds};
pub(super) use world::{Clash, World};
