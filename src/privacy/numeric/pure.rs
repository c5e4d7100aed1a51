//! What pure differential privacy costs in other currencies, rounded up.

use std::f64::consts::PI;

use super::bisect::smallest;
use super::mills::{log_tail, series};
use super::up;

/// `epsilon * tanh(epsilon / 2)`: the divergence of randomised response, which dominates every mechanism of this epsilon.
pub(crate) fn rho(epsilon: f64) -> f64 {
    positive(epsilon, epsilon * (epsilon / 2.0).tanh())
}

/// The smaller of `epsilon² / 8` and what any mechanism of this epsilon costs.
pub(crate) fn bounded_range_rho(epsilon: f64) -> f64 {
    positive(epsilon, epsilon * epsilon / 8.0).min(rho(epsilon))
}

/// The mu with `2 Phi(mu/2) - 1 = tanh(epsilon/2)`, that is `-2 Phi^-1(1/(1 + e^epsilon))`.
pub(crate) fn mu(epsilon: f64) -> f64 {
    if epsilon < 1.0 {
        // Near 0 both sides are nearly linear; in logarithms of tails their digits would be lost.
        let target = (epsilon / 2.0).tanh();
        positive(epsilon, smallest(|mu| central(mu / 2.0) >= target))
    } else {
        let target = -(epsilon + (-epsilon).exp().ln_1p());
        up(smallest(|mu| log_tail(mu / 2.0) <= target))
    }
}

/// `2 Phi(x) - 1`, for x of at most a few.
fn central(x: f64) -> f64 {
    if x > 8.0 {
        return 1.0;
    }
    series(x) * (-x * x / 2.0).exp() * (2.0 / PI).sqrt()
}

/// Rounded up, but 0 for an epsilon of 0. What is too small for a float is the smallest float.
fn positive(epsilon: f64, value: f64) -> f64 {
    if epsilon == 0.0 { 0.0 } else { up(value) }
}
