//! The privacy profile of Gaussian noise, and its inverses.
//!
//! With `z1 = epsilon/mu - mu/2` and `z2 = epsilon/mu + mu/2`, the profile of Balle and Wang, `Phi(-z1) - e^epsilon Phi(-z2)`,
//! is `density(z1) (M(z1) - M(z2))`, where M is the Mills ratio: `e^epsilon density(z2) = density(z1)`. In this form nothing
//! overflows, however large epsilon is, and for small mu the difference is an integral that loses no digits.
//!
//! Source: Balle and Wang, *Improving the Gaussian Mechanism for Differential Privacy* (2018), theorem 8.

use super::bisect::{largest, smallest};
use super::mills::{log_density, log_tail, ratio, slope};
use super::{down, up};

/// Below this the difference of two Mills ratios is integrated.
const SMALL_MU: f64 = 0.5;

/// The logarithm of the smallest delta beside `epsilon`, rounded up. `mu` is not 0.
pub(crate) fn log_delta(epsilon: f64, mu: f64) -> f64 {
    let middle = epsilon / mu;
    let (z1, z2) = (middle - mu / 2.0, middle + mu / 2.0);
    let log_delta = if mu < SMALL_MU {
        log_density(z1) + mu.ln() + mean_slope(z1, mu).ln()
    } else if z1 < 0.0 {
        (log_tail(z1).exp() - (log_density(z1) + ratio(z2).ln()).exp()).ln()
    } else {
        log_density(z1) + (ratio(z1) - ratio(z2)).ln()
    };
    // The first part is for the functions, the second for the rounding of z1, on which the density depends as its square.
    let error = 2.0_f64.powi(-40) + 2.0_f64.powi(-48) * z1.abs() * (z2 + 1.0);
    let bound = log_delta + error;
    // Out of range is no promise.
    if bound.is_nan() { 0.0 } else { bound.min(0.0) }
}

/// The largest mu with at most this delta beside `epsilon`, rounded down.
pub(crate) fn mu(epsilon: f64, log_of_delta: f64) -> f64 {
    down(largest(|mu| log_delta(epsilon, mu) <= log_of_delta))
}

/// The smallest epsilon beside this delta, rounded up; infinite where it is beyond a float. `mu` is not 0.
pub(crate) fn epsilon(mu: f64, log_of_delta: f64) -> f64 {
    let epsilon = smallest(|epsilon| log_delta(epsilon, mu) <= log_of_delta);
    if epsilon == 0.0 { 0.0 } else { up(epsilon) }
}

/// The mean of [`slope`] from `z1` to `z1 + mu`: `(M(z1) - M(z2)) / mu`.
///
/// Eight points of Gauss and Legendre, whose error is below one part in 10^17 on intervals of at most half a deviation.
fn mean_slope(z1: f64, mu: f64) -> f64 {
    /// Places on [-1, 1] and weights, which add up to 1 over both signs.
    const POINTS: [(f64, f64); 4] = [
        (0.183_434_642_495_649_8, 0.181_341_891_689_181),
        (0.525_532_409_916_329, 0.156_853_322_938_943_63),
        (0.796_666_477_413_626_7, 0.111_190_517_226_687_24),
        (0.960_289_856_497_536_3, 0.050_614_268_145_188_13),
    ];
    let (center, half) = (z1 + mu / 2.0, mu / 2.0);
    POINTS
        .iter()
        .map(|(place, weight)| {
            weight * (slope(center - half * place) + slope(center + half * place))
        })
        .sum()
}
