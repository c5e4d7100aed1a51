//! The Mills ratio of the normal distribution, from which its tails follow without underflow.

use std::f64::consts::{FRAC_PI_2, PI};

/// Where the continued fraction takes over from the series, which loses digits as its argument grows.
const SERIES_BELOW: f64 = 1.25;

/// `P(Z > z) / density(z)` for a standard normal Z. The error is a few parts in 10^15 for `z >= -1`; below, `z` is not asked
/// for.
///
/// `M(z) = sqrt(pi/2) e^(z²/2) - (z + z³/3 + z⁵/15 + ...)`, and for larger `z` the continued fraction
/// `1/(z + 1/(z + 2/(z + 3/...)))`, of positive terms only.
///
/// Source: Abramowitz and Stegun, 26.2.11 and 26.2.14.
pub(super) fn ratio(z: f64) -> f64 {
    if z < SERIES_BELOW {
        FRAC_PI_2.sqrt() * (z * z / 2.0).exp() - series(z)
    } else {
        1.0 / (z + fraction(z))
    }
}

/// How fast the ratio falls: `-M'(z) = 1 - z M(z)`.
pub(super) fn slope(z: f64) -> f64 {
    if z < SERIES_BELOW {
        1.0 - z * ratio(z)
    } else {
        let rest = fraction(z);
        rest / (z + rest)
    }
}

/// `ln P(Z > z)`.
pub(in crate::privacy) fn log_tail(z: f64) -> f64 {
    if z < 0.0 {
        return (-log_tail(-z).exp()).ln_1p();
    }
    log_density(z) + ratio(z).ln()
}

/// The logarithm of the normal density.
pub(super) fn log_density(z: f64) -> f64 {
    -z * z / 2.0 - (2.0 * PI).sqrt().ln()
}

/// `e^(z²/2)` times the integral of `e^(-t²/2)` from 0 to `z`, which is `z + z³/3 + z⁵/(3·5) + ...`.
pub(super) fn series(z: f64) -> f64 {
    let mut term = z;
    let mut sum = z;
    let mut odd = 1.0;
    while term.abs() > sum.abs() * f64::EPSILON / 4.0 {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    sum
}

/// `1/(z + 2/(z + 3/...))`. With so many terms what is cut off is below 1e-17.
fn fraction(z: f64) -> f64 {
    let terms = (450.0 / (z * z)).ceil() + 20.0;
    let mut k = terms;
    let mut rest = 0.0;
    while k >= 1.0 {
        rest = k / (z + rest);
        k -= 1.0;
    }
    rest
}
