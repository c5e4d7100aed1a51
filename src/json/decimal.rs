use super::number::Number;

/// No `f64` needs more significant digits than this for its shortest decimal, so a literal with more never is one.
const MAX_DIGITS: usize = 17;

/// Two decimals of at most this many digits never share a normal `f64` (C's `DBL_DIG`).
const DISTINCT_DIGITS: u64 = 1_000_000_000_000_000;

/// Powers of ten between which [`DISTINCT_DIGITS`] times them stay well inside the normal range.
const NORMAL_EXPONENTS: std::ops::RangeInclusive<i64> = -280..=280;

/// Up to here `str::parse` sees the exponent whole; it clamps exponents, but to more than a literal this long can shift.
const SHORT_LITERAL: usize = 256;

/// The float that means exactly what a JSON literal with a fraction or an exponent says, if there is one.
///
/// A decimal is what an `f64` means if it reads back as that `f64` and no decimal as short or shorter that does so is
/// nearer. Where two are equally near, printers differ in which they choose, so either is accepted.
pub(super) fn exact_float(literal: &str) -> Option<Number> {
    let decimal = Decimal::read(literal)?;
    let float = decimal.nearest(literal)?;
    let number = Number::try_from(float).ok()?;
    if decimal.is_distinct() {
        return Some(number);
    }
    let shortest = Decimal::read(&format!("{float:e}"))?;
    (decimal == shortest || is_halfway(float, decimal, shortest)).then_some(number)
}

/// `±digits * 10^exponent`, where ten does not divide `digits`; zero has exponent 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: u64,
    exponent: i64,
}

impl Decimal {
    /// Reads a literal in JSON form; `None` if it has too many significant digits.
    fn read(literal: &str) -> Option<Self> {
        let negative = literal.starts_with('-');
        let mut bytes = literal.bytes().skip(usize::from(negative));
        let mut mantissa = Mantissa::default();
        for byte in bytes
            .by_ref()
            .take_while(|byte| !matches!(byte, b'e' | b'E'))
        {
            match byte {
                b'.' => mantissa.in_fraction = true,
                digit => mantissa.push(digit.wrapping_sub(b'0'))?,
            }
        }
        let exponent = match mantissa.digits {
            0 => 0,
            _ => exponent(bytes).saturating_add(mantissa.exponent),
        };
        Some(Self {
            negative,
            digits: mantissa.digits,
            exponent,
        })
    }

    fn is_distinct(self) -> bool {
        self.digits < DISTINCT_DIGITS && NORMAL_EXPONENTS.contains(&self.exponent)
    }

    /// The nearest `f64`, correctly rounded; infinite beyond the largest.
    fn nearest(self, literal: &str) -> Option<f64> {
        if literal.len() <= SHORT_LITERAL {
            literal.parse().ok()
        } else {
            let sign = if self.negative { "-" } else { "" };
            format!("{sign}{}e{}", self.digits, self.exponent)
                .parse()
                .ok()
        }
    }
}

/// Whether the float lies exactly halfway between two decimals of its sign that end at the same place.
fn is_halfway(float: f64, a: Decimal, b: Decimal) -> bool {
    // Twice the middle is `sum * 10^exponent`. An odd number and a power of two are all that is left to compare once the
    // fives of `10^exponent` are on one side; what overflows there is too large to be equal.
    let sum = u128::from(a.digits) + u128::from(b.digits);
    let (mantissa, binary_exponent) = odd_parts(float);
    // First of all: exponents can be as far out as a literal says.
    if a.exponent != b.exponent || binary_exponent + 1 != a.exponent {
        return false;
    }
    let fives = |exponent: i64| 5_u128.checked_pow(u32::try_from(exponent).ok()?);
    let equal = if a.exponent >= 0 {
        fives(a.exponent).and_then(|fives| Some(fives.checked_mul(sum)? == mantissa))
    } else {
        a.exponent
            .checked_neg()
            .and_then(fives)
            .and_then(|fives| Some(fives.checked_mul(mantissa)? == sum))
    };
    equal == Some(true)
}

/// `|float|` as `mantissa * 2^exponent` with an odd mantissa, unless it is zero.
fn odd_parts(float: f64) -> (u128, i64) {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = float.abs().to_bits();
    let fraction = bits & ((1 << FRACTION_BITS) - 1);
    let (mantissa, biased) = match bits >> FRACTION_BITS {
        0 => (fraction, 1),
        biased => (fraction | 1 << FRACTION_BITS, biased),
    };
    let zeros = mantissa.trailing_zeros();
    let exponent = i64::try_from(biased).unwrap_or(i64::MAX) - 1075 + i64::from(zeros);
    (
        u128::from(mantissa.checked_shr(zeros).unwrap_or(0)),
        exponent,
    )
}

/// The digits before the exponent, without leading and trailing zeros.
#[derive(Default)]
struct Mantissa {
    digits: u64,
    count: usize,
    /// Zeros after `digits`, which the next other digit makes significant.
    zeros: usize,
    /// What `digits` is to be scaled by, `zeros` included.
    exponent: i64,
    in_fraction: bool,
}

impl Mantissa {
    fn push(&mut self, digit: u8) -> Option<()> {
        match (digit, self.digits) {
            (0, 0) => self.exponent -= i64::from(self.in_fraction),
            (0, _) => {
                self.zeros += 1;
                self.exponent += i64::from(!self.in_fraction);
            }
            _ => {
                self.count += self.zeros + 1;
                if self.count > MAX_DIGITS {
                    return None;
                }
                for _ in 0..=self.zeros {
                    self.digits *= 10;
                    self.exponent -= 1;
                }
                self.digits += u64::from(digit);
                self.exponent += i64::from(!self.in_fraction);
                self.zeros = 0;
            }
        }
        Some(())
    }
}

/// An exponent's value, or one so far out that no mantissa can make up for it.
fn exponent(text: impl Iterator<Item = u8>) -> i64 {
    let (mut negative, mut magnitude) = (false, 0_i64);
    for byte in text {
        match byte {
            b'-' => negative = true,
            b'+' => {}
            digit => {
                let digit = i64::from(digit.wrapping_sub(b'0'));
                magnitude = magnitude.saturating_mul(10).saturating_add(digit);
            }
        }
    }
    if negative { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A literal's sign, all its significant digits and its exponent, however many.
    fn normal_form(literal: &str) -> (bool, String, i128) {
        let negative = literal.starts_with('-');
        let lower = literal.trim_start_matches('-').to_lowercase();
        let (mantissa, exponent) = lower.split_once('e').unwrap_or((&lower, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            return (negative, String::new(), 0);
        }
        let trailing = all.len() - all.trim_end_matches('0').len();
        let exponent: i128 = exponent.parse().unwrap();
        (
            negative,
            digits.to_owned(),
            exponent + trailing as i128 - fraction.len() as i128,
        )
    }

    /// The law itself, without bounds and short cuts.
    fn reference(literal: &str) -> Option<f64> {
        let (negative, digits, exponent) = normal_form(literal);
        let sign = if negative { "-" } else { "" };
        // Not the literal itself: `str::parse` clamps exponents that a long fraction would bring back into range.
        let float: f64 = match digits.as_str() {
            "" => format!("{sign}0"),
            _ => format!("{sign}{digits}e{exponent}"),
        }
        .parse()
        .unwrap();
        let shortest = normal_form(&format!("{float:?}"));
        let is_shortest = shortest == (negative, digits.clone(), exponent);
        (float.is_finite() && (is_shortest || is_tie(float, &digits, &shortest.1))).then_some(float)
    }

    /// Whether all the digits of the float are the lesser decimal's and a 5.
    fn is_tie(float: f64, a: &str, b: &str) -> bool {
        let all = normal_form(&format!("{float:.800e}")).1;
        a.len() == b.len()
            && all == format!("{}5", a.min(b))
            && a.parse::<u64>().unwrap().abs_diff(b.parse().unwrap()) == 1
    }

    fn check(literal: &str) -> Option<u64> {
        let float = exact_float(literal).map(|number| number.as_f64().unwrap().to_bits());
        assert_eq!(float, reference(literal).map(f64::to_bits), "{literal}");
        float
    }

    #[test]
    fn known_literals() {
        for literal in [
            "1.10",
            "1e2",
            "-1e-300",
            "0.1",
            "0.30000000000000004",
            "1E+2",
            "100.000e-2",
            "0.0",
            "-0.0",
            "0e999999999",
            "-0.00e-99999999999999999999999999",
            "5e-324",
            "-4.94e-322",
            "1.7976931348623157e308",
            "2.2250738585072014e-308",
            "9007199254740992.0",
            "123456789012345.6",
            "1e22",
            "1e23",
            "0.000001",
            "179769313486231570000e288",
        ] {
            assert!(check(literal).is_some(), "{literal}");
        }
        for literal in [
            "1e999",
            "1e-400",
            "-1e-400",
            "0.1000000000000000055511151231257827",
            "9007199254740993.0",
            "4e-324",
            "2e-324",
            "4.9406564584124654e-324",
            "0.30000000000000003",
            "1.7976931348623158e308",
            "2.2250738585072011e-308",
            "123456789012345678.0",
            "1e-99999999999999999999999999",
            "1e99999999999999999999999999",
        ] {
            assert!(check(literal).is_none(), "{literal}");
        }
    }

    /// JavaScript, Python and `serde_json` print the even neighbour, Rust the upper one.
    #[test]
    fn halfway_between_two_decimals() {
        let mut ties = 0;
        for quarters in (1_u64 << 52) + 7_000_001..(1 << 52) + 7_001_000 {
            let float = quarters as f64 / 4.0;
            let tenths = quarters * 10 / 4;
            let tie = quarters % 2 == 1;
            ties += usize::from(tie);
            for (literal, accepted) in [
                (tenths - 1, false),
                (tenths, true),
                (tenths + 1, tie),
                (tenths + 2, false),
            ] {
                let literal = format!("-{}.{}", literal / 10, literal % 10);
                let read = check(&literal) == Some((-float).to_bits());
                assert_eq!(read, accepted, "{literal} {float}");
            }
        }
        assert_eq!(ties, 500);
    }

    #[test]
    fn a_million_digits() {
        let zeros = "0".repeat(1_000_000);
        assert_eq!(
            check(&format!("0.{zeros}15e1000000")),
            Some(0.15_f64.to_bits())
        );
        assert_eq!(
            check(&format!("15{zeros}.0e-1000000")),
            Some(15_f64.to_bits())
        );
        assert_eq!(check(&format!("-2.50{zeros}")), Some((-2.5_f64).to_bits()));
        assert_eq!(check(&format!("-0.{zeros}")), Some((-0.0_f64).to_bits()));
        assert_eq!(check(&format!("0.{zeros}e-{}", "9".repeat(1000))), Some(0));
        for literal in [
            format!("1{zeros}.0"),
            format!("0.{zeros}1"),
            format!("1.{zeros}1"),
            format!("0.{zeros}1e1{}", "0".repeat(40)),
        ] {
            assert!(exact_float(&literal).is_none());
        }
        assert!(exact_float(&format!("0.{}", "3".repeat(1_000_000))).is_none());
    }

    proptest! {
        /// Law: a literal is accepted if and only if its nearest float's shortest decimal is the literal's own value.
        #[test]
        fn any_literal(literal in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,22})?([eE][+-]?[0-9]{1,3})?") {
            check(&literal);
        }

        /// Law: the same where nearly every literal is close to a float's shortest decimal.
        #[test]
        fn near_a_float(bits in any::<u64>(), digits in 0_usize..20) {
            let float = f64::from_bits(bits);
            prop_assume!(float.is_finite());
            check(&format!("{float:e}"));
            check(&format!("{float:?}"));
            check(&format!("{float:.digits$e}"));
            check(&serde_json::to_string(&float).unwrap());
        }

        /// Law: the same where floats often lie halfway between two decimals; and what others print is accepted.
        #[test]
        fn near_a_tie(mantissa in 1_u64 << 52..1 << 53, exponent in -12_i32..70, last in 0_u64..10) {
            let float = mantissa as f64 * 2_f64.powi(exponent);
            let even = check(&serde_json::to_string(&float).unwrap());
            prop_assert_eq!(even, Some(float.to_bits()));
            let shortest = format!("{float:e}");
            let (digits, exponent) = shortest.split_once('e').unwrap();
            check(&format!("{}{last}e{exponent}", digits.strip_suffix(|_: char| true).unwrap()));
        }

        /// Law: up to 15 digits always are exact, away from the ends of the range.
        #[test]
        fn fifteen_digits(digits in 1_u64..DISTINCT_DIGITS, exponent in -292_i64..=292) {
            let exact = check(&format!("{digits}e{exponent}")).is_some();
            prop_assert!(exact);
        }
    }
}
