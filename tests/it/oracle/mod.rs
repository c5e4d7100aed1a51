//! The policy engine against a naive reference evaluator that shares no code with it.

pub(crate) mod agreement;
pub(crate) mod aim;
pub(crate) mod generate;
pub(crate) mod pattern;
pub(crate) mod reference;
pub(crate) mod typed;
