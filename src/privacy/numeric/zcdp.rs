//! Between zCDP and `(epsilon, delta)`, by the tight conversion of Rényi divergences.
//!
//! Every order `a > 1` gives a valid bound, so the search for the best one needs no proof; only the bound at the order it
//! finds is rounded. `t` is `a - 1` throughout, which keeps the digits of orders near 1.
//!
//! Source: Canonne, Kamath and Steinke, *The Discrete Gaussian for Differential Privacy* (2020), proposition 12 and
//! corollary 13.

use super::bisect::largest;
use super::{MARGIN, down};

/// The smallest epsilon beside this delta, rounded up. `rho` is not 0.
///
/// The best order solves `rho t² = -ln((1 + t) delta)`.
pub(crate) fn epsilon(rho: f64, log_of_delta: f64) -> f64 {
    let t = largest(|t| rho * t * t + t.ln_1p() <= -log_of_delta);
    let parts = [
        rho * (1.0 + t),
        -(1.0 / t).ln_1p(),
        -(t.ln_1p() + log_of_delta) / t,
    ];
    rounded_up(&parts).max(0.0)
}

/// The largest rho with at most this epsilon beside this delta, rounded down.
pub(crate) fn rho(of_epsilon: f64, log_of_delta: f64) -> f64 {
    down(largest(|rho| epsilon(rho, log_of_delta) <= of_epsilon))
}

/// The logarithm of the smallest delta beside `epsilon`, rounded up. `rho` is not 0.
///
/// The best order solves `(1 + 2t) rho = epsilon + ln(1 + 1/t)`.
pub(crate) fn log_delta(rho: f64, epsilon: f64) -> f64 {
    let t = largest(|t| t == 0.0 || (1.0 + 2.0 * t) * rho <= epsilon + (1.0 / t).ln_1p());
    let parts = [
        t * rho * (1.0 + t),
        -t * epsilon,
        -(1.0 + t) * (1.0 / t).ln_1p(),
        -t.ln(),
    ];
    rounded_up(&parts).min(0.0)
}

/// A sum whose terms may cancel, with a margin for each. What is out of range is no bound, and so infinite.
fn rounded_up(parts: &[f64]) -> f64 {
    let sum: f64 = parts.iter().sum();
    let size: f64 = parts.iter().map(|part| part.abs()).sum();
    let bound = sum + size * MARGIN;
    if bound.is_nan() { f64::INFINITY } else { bound }
}
