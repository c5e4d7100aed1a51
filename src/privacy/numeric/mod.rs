//! The mathematics of accounting, in log space and rounded to the safe side.
//!
//! Everything here takes and gives plain floats that the types of [`parameter`](super::parameter) have checked. What is
//! charged is rounded up and what may be spent is rounded down, each by more than the error of the functions below it: a
//! few units in the last place of `exp`, `ln`, `ln_1p` and `tanh`, and what cancellation makes of these.

pub(super) mod bisect;
pub(super) mod gaussian;
mod mills;
#[cfg(test)]
pub(super) use mills::log_tail;
pub(super) mod pure;
#[cfg(test)]
mod tests;
pub(super) mod zcdp;

/// Far more than the errors of the few operations between what a search finds and what is handed out, and more than the
/// last digit of a known answer of 15 digits.
const MARGIN: f64 = 1.0 / (1_u64 << 44) as f64;

/// At least `value`, whatever the last operations did.
pub(super) fn up(value: f64) -> f64 {
    (value * (1.0 + MARGIN)).next_up()
}

/// At most `value`, and not negative.
fn down(value: f64) -> f64 {
    (value * (1.0 - MARGIN)).next_down().max(0.0)
}
