//! Fixed point against exact arithmetic.

use proptest::prelude::*;

use super::super::amount::Amount;
use super::exact::Exact;

/// Floats of every size that there are, up to what a budget holds.
fn sizes() -> impl Strategy<Value = f64> {
    (0..(2.0_f64.powi(47)).to_bits()).prop_map(f64::from_bits)
}

proptest! {
    /// A charge is the next unit at or above, and a budget the last one at or below.
    #[test]
    fn charges_are_rounded_up_and_budgets_down(value in prop_oneof![sizes(), 0.0..10.0_f64]) {
        let (charge, budget) = (Amount::charge(value).units(), Amount::budget(value).units());
        let truth = Exact::of(value);
        prop_assert!(Exact::units(charge) >= truth);
        prop_assert!(charge == 0 || Exact::units(charge - 1) < truth);
        prop_assert!(Exact::units(budget) <= truth);
        prop_assert!(Exact::units(budget + 1) > truth);
    }

    /// As a float, an amount is at least what it is, and no more than the next float.
    #[test]
    fn amounts_are_shown_rounded_up(units: u128, shift in 0..128_u32) {
        let units = units >> shift;
        let value = Amount::from_units(units).value();
        prop_assert!(Exact::of(value) >= Exact::units(units));
        prop_assert!(units == 0 || Exact::of(value.next_down()) < Exact::units(units));
    }
}

#[test]
fn what_is_no_amount_fits_nowhere() {
    for value in [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -1.0,
        -0.0_f64.next_up(),
        f64::MAX,
    ] {
        assert_eq!(Amount::charge(value), Amount::BEYOND, "{value}");
        assert!(Amount::budget(value) < Amount::BEYOND, "{value}");
        assert!(Amount::BEYOND > Amount::budget(f64::MAX));
    }
    assert_eq!(Amount::budget(f64::NAN), Amount::ZERO);
    assert_eq!(Amount::budget(-1.0), Amount::ZERO);
    assert_eq!(Amount::charge(-0.0), Amount::ZERO);
}

/// A naive sum loses what is small beside it, and a spend that was lost is free.
#[test]
pub(in crate::privacy) fn the_smallest_spend_counts() {
    for value in [f64::from_bits(1), f64::MIN_POSITIVE, 1e-300, 1e-30] {
        assert_eq!(3.0 + value, 3.0, "in floats it is lost");
        let sum = Amount::charge(3.0).plus(Amount::charge(value));
        assert!(sum.unwrap() > Amount::charge(3.0), "{value}");
    }
}
