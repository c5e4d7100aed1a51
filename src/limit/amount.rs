//! Amounts that budgets sum: exact decimals, never floats.

use std::fmt::{self, Write as _};

/// Decimal places that an [`Amount`] keeps.
const PLACES: i64 = 9;
const UNITS_PER_ONE: u128 = 1_000_000_000;

/// A quantity of 0 or more, in fixed point: whole multiples of 1e-9, up to about 3.4e29.
///
/// Fixed point because sums must not depend on the order of the calls: as floats, 0.1 + 0.2 does not fit into 0.3.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Amount(u128);

/// Where digits finer than 1e-9 go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rounding {
    /// For what is spent.
    Up,
    /// For what may be spent.
    Down,
}

impl Amount {
    pub(crate) const ZERO: Self = Self(0);
    /// One call, where calls are counted.
    pub(crate) const ONE: Self = Self(UNITS_PER_ONE);
    pub(crate) const MAX: Self = Self(u128::MAX);

    /// `units` multiples of 1e-9.
    pub(super) const fn from_units(units: u128) -> Self {
        Self(units)
    }

    pub(super) const fn units(self) -> u128 {
        self.0
    }

    pub(crate) fn from_u64(whole: u64) -> Self {
        // 2^64 * 1e9 is below 2^94.
        Self(u128::from(whole) * UNITS_PER_ONE)
    }

    /// The shortest decimal that reads back as `value`: 0.1 is a tenth, not 0.1000000000000000055.
    /// `None` if it is negative, not finite or too large.
    pub(crate) fn from_f64(value: f64, rounding: Rounding) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let mut text = ShortText::default();
        write!(text, "{value:e}").ok()?;
        Self::from_decimal_str(text.as_str()?, rounding)
    }

    /// Reads digits, an optional fraction and an optional exponent: what `{}` and `{:e}` print for integers and floats.
    /// `None` if it is anything else, negative (`-0` is 0) or too large.
    pub(crate) fn from_decimal_str(text: &str, rounding: Rounding) -> Option<Self> {
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        if whole.is_empty() {
            return None;
        }
        let amount = scale(whole, fraction, exponent, rounding)?;
        let is_zero =
            amount == Self::ZERO && mantissa.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        (!negative || is_zero).then_some(amount)
    }

    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    pub(super) fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    pub(super) fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Plain decimal without trailing zeros: `5`, `0.3`, `0.000000001`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0 / UNITS_PER_ONE)?;
        let mut fraction = self.0 % UNITS_PER_ONE;
        let mut places = 9;
        if fraction == 0 {
            return Ok(());
        }
        while fraction.is_multiple_of(10) {
            fraction /= 10;
            places -= 1;
        }
        write!(f, ".{fraction:0places$}")
    }
}

/// Nothing of the value, which may be an argument of a call.
impl fmt::Debug for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Amount(_)")
    }
}

/// A value too long for an `i64` saturates: the result is out of reach either way.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return None;
    }
    let mut size = 0_i64;
    for byte in digits.bytes() {
        size = size
            .saturating_mul(10)
            .saturating_add(i64::from(digit(byte)?));
    }
    Some(if negative { -size } else { size })
}

fn scale(whole: &str, fraction: &str, exponent: i64, rounding: Rounding) -> Option<Amount> {
    let whole_len = i64::try_from(whole.len()).ok()?;
    // The power of ten, in units, of the digit at hand.
    let mut power = whole_len.saturating_add(exponent).saturating_add(PLACES);
    let mut units = 0_u128;
    let mut finer = false;
    for byte in whole.bytes().chain(fraction.bytes()) {
        let value = digit(byte)?;
        power = power.saturating_sub(1);
        if power < 0 {
            finer |= value != 0;
        } else {
            units = units.checked_mul(10)?.checked_add(u128::from(value))?;
        }
    }
    if power > 0 && units > 0 {
        units = units.checked_mul(10_u128.checked_pow(u32::try_from(power).ok()?)?)?;
    }
    if finer && rounding == Rounding::Up {
        units = units.checked_add(1)?;
    }
    Some(Amount(units))
}

fn digit(byte: u8) -> Option<u8> {
    byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0'))
}

/// Room for any `f64` in exponent form (at most 24 bytes), on the stack.
#[derive(Default)]
struct ShortText {
    bytes: [u8; 32],
    len: usize,
}

impl ShortText {
    fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(..self.len)?).ok()
    }
}

impl fmt::Write for ShortText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len.checked_add(text.len()).ok_or(fmt::Error)?;
        self.bytes
            .get_mut(self.len..end)
            .ok_or(fmt::Error)?
            .copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn up(text: &str) -> Option<u128> {
        Amount::from_decimal_str(text, Rounding::Up).map(Amount::units)
    }

    fn down(text: &str) -> Option<u128> {
        Amount::from_decimal_str(text, Rounding::Down).map(Amount::units)
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, units) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0", 0),
            ("-0e7", 0),
            ("1", 1_000_000_000),
            ("007.50", 7_500_000_000),
            ("0.000000001", 1),
            ("1e-9", 1),
            ("2.5E3", 2_500_000_000_000),
            ("1e+2", 100_000_000_000),
            ("0e99999999999999999999999", 0),
            ("340282366920938463463374607431.768211455", u128::MAX),
        ] {
            assert_eq!((up(text), down(text)), (Some(units), Some(units)), "{text}");
        }
    }

    #[test]
    fn finer_digits_round_as_told() {
        for (text, low) in [
            ("0.0000000001", 0),
            ("1.0000000019", 1_000_000_001),
            ("1e-300", 0),
            ("5e-99999999999999999999", 0),
        ] {
            assert_eq!((up(text), down(text)), (Some(low + 1), Some(low)), "{text}");
        }
        assert_eq!(up("340282366920938463463374607431.7682114550001"), None);
        assert_eq!(
            down("340282366920938463463374607431.7682114550001"),
            Some(u128::MAX)
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "-",
            ".",
            ".5",
            "5.",
            "1.e3",
            "e3",
            "1e",
            "1e-",
            "1e+-2",
            "+1",
            " 1",
            "1 ",
            "1_0",
            "0x1",
            "--0",
            "1.2.3",
            "NaN",
            "inf",
            "-1",
            "-0.0000000000001",
            "-1e-400",
            "340282366920938463463374607431.768211456",
            "1e30",
            "1e99999999999999999999",
            "٣",
        ] {
            assert_eq!((up(text), down(text)), (None, None), "{text}");
        }
        for value in [
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            -1.0,
            -f64::MIN_POSITIVE,
            1e30,
            f64::MAX,
        ] {
            assert_eq!(Amount::from_f64(value, Rounding::Up), None, "{value}");
        }
        assert_eq!(Amount::from_f64(-0.0, Rounding::Up), Some(Amount::ZERO));
    }

    #[test]
    fn tenths_add_up() {
        let of = |value| Amount::from_f64(value, Rounding::Up).unwrap();
        assert_eq!(of(0.1).checked_add(of(0.2)), Some(of(0.3)));
        assert_eq!(of(0.3).to_string(), "0.3");
        assert_eq!(Amount::from_u64(u64::MAX).to_string(), u64::MAX.to_string());
        assert_eq!(of(f64::MIN_POSITIVE).units(), 1);
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(units in any::<u128>()) {
            prop_assert_eq!(up(&Amount(units).to_string()), Some(units));
        }

        #[test]
        fn plain_and_exponent_form_agree(value in prop_oneof![any::<f64>(), 0.0..1e12_f64]) {
            prop_assert_eq!(up(&format!("{value}")), up(&format!("{value:e}")));
            prop_assert_eq!(Amount::from_f64(value, Rounding::Up).map(Amount::units), up(&format!("{value}")));
        }

        #[test]
        fn any_text_gives_an_answer(text in "[-+0-9.eE]{0,60}|.{0,20}") {
            if let (Some(high), Some(low)) = (up(&text), down(&text)) {
                prop_assert!(high == low || high == low + 1);
            }
        }
    }
}
