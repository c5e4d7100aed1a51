//! How surprising a count is: the tail of the negative binomial distribution, as -ln p.

use std::f64::consts::PI;

use super::stirling::{deviance, rest};

/// What is expected of a count whose rate is itself known only so well.
///
/// The count is Poisson distributed about a rate that is gamma distributed with this shape. A large shape says that the
/// rate is known well; the distribution is then nearly Poisson.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct NegativeBinomial {
    mean: f64,
    shape: f64,
}

impl NegativeBinomial {
    /// Both are brought into the range where nothing overflows.
    pub(crate) fn new(mean: f64, shape: f64) -> Self {
        let within = |value: f64| value.clamp(SMALLEST, LARGEST);
        Self {
            mean: within(mean),
            shape: within(shape),
        }
    }

    /// A rate that is known exactly.
    pub(crate) fn poisson(mean: f64) -> Self {
        Self::new(mean, LARGEST)
    }

    pub(crate) fn mean(self) -> f64 {
        self.mean
    }

    pub(crate) fn shape(self) -> f64 {
        self.shape
    }

    /// So many times as much, spread as before relative to that.
    pub(crate) fn raised_by(self, ratio: f64) -> Self {
        Self::new(self.mean * ratio, self.shape)
    }

    pub(crate) fn variance(self) -> f64 {
        self.mean + self.mean * self.mean / self.shape
    }

    /// At most `-ln P(X >= count)`, by two to four nats where that matters, for the price of two logarithms. 0 where the count
    /// is not above the mean.
    ///
    /// This is Chernoff's bound, `c ln(c/m) - (r + c) ln((r + c)/(r + m))`, written as two deviances.
    pub(crate) fn bound(self, count: u64) -> f64 {
        let count = (count as f64).min(LARGEST);
        if count <= self.mean {
            return 0.0;
        }
        let total = self.shape + count;
        let each = total / (self.shape + self.mean);
        let exponent = deviance(count, each * self.mean) + deviance(self.shape, each * self.shape);
        exponent.max(0.0)
    }

    /// `-ln P(X >= count)`, and 0 where the count is not above the mean.
    ///
    /// Where the tail falls too slowly to be summed, the answer is below the true one.
    pub(crate) fn surprise(self, count: u64) -> f64 {
        let exponent = self.bound(count);
        let count = (count as f64).min(LARGEST);
        if count <= self.mean {
            return 0.0;
        }
        let (shape, total) = (self.shape, self.shape + count);
        let rests = rest(shape) + rest(count) - rest(total);
        (exponent + rests + self.factor(count) - self.relative_tail(count).ln()).max(0.0)
    }

    /// Whether `surprise` reaches `least`; works out the tail only where cheaper bounds on both sides leave it open.
    pub(crate) fn reaches(self, count: u64, least: f64) -> bool {
        let bound = self.bound(count);
        if bound >= least {
            return true;
        }
        let float = (count as f64).min(LARGEST);
        if float <= self.mean {
            return least <= 0.0;
        }
        // The tail is at least its first term, and what Stirling's formula lacks is at most 1/(12 n).
        let rests = (self.shape.recip() + float.recip()) / 12.0;
        bound + rests + self.factor(float) >= least && self.surprise(count) >= least
    }

    /// The logarithm of what stands before the exponential in `P(X = count)`, rests aside, with its sign turned.
    fn factor(self, count: f64) -> f64 {
        0.5 * (2.0 * PI * count * (1.0 + count / self.shape)).ln()
    }

    /// `P(X >= count) / P(X = count)`: one term after the other, each a little smaller.
    fn relative_tail(self, count: f64) -> f64 {
        /// Enough for means up to a million a minute.
        const TERMS: usize = 4096;
        let share = self.mean / (self.shape + self.mean);
        let ratio = |k: f64| (k + self.shape) / (k + 1.0) * share;
        let (mut k, mut term, mut sum) = (count, 1.0, 1.0);
        for _ in 0..TERMS {
            term *= ratio(k);
            k += 1.0;
            sum += term;
            if term < sum * (f64::EPSILON / 64.0) {
                return sum;
            }
        }
        // No later ratio is larger than this, so the rest is at most geometric.
        let largest = ratio(k).max(share).min(1.0 - 1e-12);
        sum + term * largest / (1.0 - largest)
    }
}

const SMALLEST: f64 = 1e-9;
const LARGEST: f64 = 1e12;
