//! Sums of floats without any rounding.

use std::cmp::Ordering;

/// A number of 0 or more, in units of 2^-1088: 17 words behind the point and 4 before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Exact([u64; 21]);

impl Exact {
    pub(super) fn of(value: f64) -> Self {
        assert!(value >= 0.0 && value < 2.0_f64.powi(190));
        let (bits, hidden) = (value.to_bits(), u64::from(value >= f64::MIN_POSITIVE) << 52);
        let mantissa = bits & ((1 << 52) - 1) | hidden;
        // The value is the mantissa times 2^(exponent - 1075), where a subnormal has the exponent 1.
        let shift = (bits >> 52).max(1) as usize + 1088 - 1075;
        let mut words = [0; 21];
        let wide = u128::from(mantissa) << (shift % 64);
        words[shift / 64] = wide as u64;
        words[shift / 64 + 1] = (wide >> 64) as u64;
        Self(words)
    }

    /// So many units of 2^-80.
    pub(super) fn units(units: u128) -> Self {
        let mut words = [0; 21];
        // 2^-80 is bit 1008: the 48th of word 15.
        let wide = u128::from(units as u64) << 48;
        words[15] = wide as u64;
        let next = (u128::from((units >> 64) as u64) << 48) + (wide >> 64);
        words[16] = next as u64;
        words[17] = (next >> 64) as u64;
        Self(words)
    }

    pub(super) fn plus(mut self, other: Self) -> Self {
        let mut carry = false;
        for (word, other) in self.0.iter_mut().zip(other.0) {
            let (sum, over) = word.overflowing_add(other);
            let (sum, over_again) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, over || over_again);
        }
        assert!(!carry);
        self
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

#[test]
fn sums_are_exact() {
    let tiny = Exact::of(f64::from_bits(1));
    let one = Exact::of(1.0);
    assert!(one < one.plus(tiny) && one.plus(tiny) < Exact::of(1.0_f64.next_up()));
    let third = Exact::of(0.25).plus(Exact::of(0.5));
    assert_eq!(third, Exact::of(0.75));
    assert_eq!(
        Exact::of(f64::MIN_POSITIVE.next_down()).plus(tiny),
        Exact::of(f64::MIN_POSITIVE)
    );
    assert_eq!(Exact::units(1 << 80), one);
    assert_eq!(Exact::units(1), Exact::of(2.0_f64.powi(-80)));
    assert_eq!(
        Exact::units((1 << 127) + 3),
        Exact::of(2.0_f64.powi(47)).plus(Exact::of(3.0 * 2.0_f64.powi(-80)))
    );
    assert_eq!(
        Exact::units(u128::MAX).plus(Exact::units(1)),
        Exact::of(2.0_f64.powi(48))
    );
}
