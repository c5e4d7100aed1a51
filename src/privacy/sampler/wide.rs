//! Fractions of 384 bits, to compute constants with.

/// A number of at least 0 and below 1, in steps of 2^-384. The most significant limb is the first one.
///
/// Every operation rounds down, so a result is below the true value by at most one step for it and what its operands were
/// off by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wide([u64; LIMBS]);

pub(super) const LIMBS: usize = 6;

impl Wide {
    const ZERO: Self = Self([0; LIMBS]);

    pub(super) const fn limbs(self) -> [u64; LIMBS] {
        self.0
    }

    /// `1 / divisor`, for divisors of 2 and more.
    pub(super) fn reciprocal(divisor: u64) -> Self {
        Self::ZERO.divided_with(1, divisor)
    }

    /// `exp(-1 / n)`, for n of 1 and more, to within 200 steps: `1 - 1/n + 1/(2 n²) - 1/(6 n³) + ...`.
    pub(super) fn exp_minus_reciprocal(n: u64) -> Self {
        // Terms of the sums of `1 - exp(-1/n)`: the first is 1/n, which for n = 1 does not fit and cancels against the 1.
        let (mut less, mut more) = (Self::ZERO, Self::ZERO);
        let mut term = Self::ZERO.divided_with(1, n * n * 2);
        let mut k = 2;
        while term != Self::ZERO {
            if k % 2 == 0 {
                more = more.plus(term);
            } else {
                less = less.plus(term);
            }
            k += 1;
            term = term.divided_by(n * k);
        }
        // 1 - 1/n, which is (n - 1)/n and never reaches 1.
        let start = Self::ZERO.divided_with(n - 1, n);
        start.plus(more).minus(less)
    }

    /// Wraps around at 1.
    pub(super) fn plus(self, other: Self) -> Self {
        let mut sum = self;
        let mut carry = false;
        for (limb, other) in sum.0.iter_mut().zip(other.0).rev() {
            let (partial, first) = limb.overflowing_add(other);
            let (whole, second) = partial.overflowing_add(u64::from(carry));
            *limb = whole;
            carry = first || second;
        }
        sum
    }

    /// Wraps around at 0. `ZERO.minus(x)` is 1 - x.
    pub(super) fn minus(self, other: Self) -> Self {
        let mut difference = self;
        let mut borrow = false;
        for (limb, other) in difference.0.iter_mut().zip(other.0).rev() {
            let (partial, first) = limb.overflowing_sub(other);
            let (whole, second) = partial.overflowing_sub(u64::from(borrow));
            *limb = whole;
            borrow = first || second;
        }
        difference
    }

    /// 1 less this number, which is not 0.
    pub(super) fn complement(self) -> Self {
        Self::ZERO.minus(self)
    }

    pub(super) fn times(self, other: Self) -> Self {
        // Rows of the school method, least significant first; what falls below the last limb is dropped at the end.
        let mut product = [0_u64; 2 * LIMBS];
        for (row, &factor) in self.0.iter().rev().enumerate() {
            let mut carry = 0_u128;
            let places = product.iter_mut().skip(row);
            let digits = other.0.iter().rev().copied().chain([0]);
            for (place, digit) in places.zip(digits) {
                let sum = u128::from(factor) * u128::from(digit) + u128::from(*place) + carry;
                *place = sum as u64;
                carry = sum >> 64;
            }
        }
        let mut high = [0; LIMBS];
        for (limb, place) in high.iter_mut().zip(product.iter().rev()) {
            *limb = *place;
        }
        Self(high)
    }

    pub(super) fn divided_by(self, divisor: u64) -> Self {
        self.divided_with(0, divisor)
    }

    /// `(whole + self) / divisor`, which must be below 1.
    fn divided_with(self, whole: u64, divisor: u64) -> Self {
        let divisor = u128::from(divisor);
        let mut quotient = self;
        let mut remainder = u128::from(whole);
        for limb in &mut quotient.0 {
            let dividend = (remainder << 64) | u128::from(*limb);
            *limb = (dividend / divisor) as u64;
            remainder = dividend % divisor;
        }
        quotient
    }
}
