//! The two functions from which the probabilities of counts follow without cancellation.
//!
//! Source: Loader, *Fast and Accurate Computation of Binomial Probabilities* (2000).

/// `ln(n!) - (n + 1/2) ln n + n - ln(2 pi)/2`: what Stirling's formula lacks. `n` is above 0 and need not be whole.
pub(super) fn rest(n: f64) -> f64 {
    /// From here on the series is exact to the last digit or two.
    const SERIES_FROM: f64 = 10.0;
    let mut n = n;
    let mut below = 0.0;
    while n < SERIES_FROM {
        below += (n + 0.5) * n.recip().ln_1p() - 1.0;
        n += 1.0;
    }
    below + series(n)
}

/// Abramowitz and Stegun, 6.1.41.
fn series(n: f64) -> f64 {
    const BERNOULLI: [f64; 7] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
    ];
    let square = (n * n).recip();
    let sum = BERNOULLI
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * square + term);
    sum / n
}

/// `x ln(x/y) + y - x`: how far `x` is from the mean `y` of a Poisson distribution, in nats. `y` is above 0.
pub(super) fn deviance(x: f64, y: f64) -> f64 {
    let difference = x - y;
    if difference.abs() >= 0.1 * (x + y) {
        return if x > 0.0 { x * (x / y).ln() + y - x } else { y };
    }
    // `x ln(x/y) = 2x atanh(v)`, whose first term makes up for `y - x` but for `difference * v`.
    let v = difference / (x + y);
    let square = v * v;
    let mut power = 2.0 * x * v;
    let mut sum = difference * v;
    let mut odd = 1.0;
    loop {
        power *= square;
        odd += 2.0;
        let next = sum + power / odd;
        if next == sum {
            return sum;
        }
        sum = next;
    }
}
