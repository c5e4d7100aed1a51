use super::*;
use proptest::prelude::*;

const EDGES: [i128; 22] = [
    0,
    1,
    -1,
    1 << 52,
    (1 << 53) - 1,
    1 << 53,
    (1 << 53) + 1,
    -(1 << 53) - 1,
    -(1 << 53),
    1 - (1 << 53),
    (1 << 62) + 1,
    (1 << 63) - 1,
    (1 << 63) - 513,
    1 << 63,
    (1 << 63) + 1,
    -(1 << 63),
    1 - (1 << 63),
    (1 << 64) - 1,
    (1 << 64) - 2048,
    (1 << 64) - 2049,
    (1 << 63) + 1024,
    42,
];

fn integer(value: i128) -> Number {
    i64::try_from(value).map_or_else(
        |_| Number::from(u64::try_from(value).unwrap()),
        Number::from,
    )
}

fn any_integer() -> impl Strategy<Value = i128> {
    prop_oneof![
        any::<i64>().prop_map(i128::from),
        any::<u64>().prop_map(i128::from),
        (-1000_i128..1000),
        proptest::sample::select(EDGES.to_vec()),
    ]
}

fn any_finite() -> impl Strategy<Value = f64> {
    let near_integer = (any_integer(), -2_i32..=2).prop_map(|(integer, steps)| {
        let mut float = integer as f64;
        for _ in 0..steps.abs() {
            float = if steps < 0 {
                float.next_down()
            } else {
                float.next_up()
            };
        }
        float
    });
    prop_oneof![
        any::<u64>()
            .prop_map(f64::from_bits)
            .prop_filter("finite", |float| float.is_finite()),
        near_integer,
        (-4000_i32..4000).prop_map(|eighths| f64::from(eighths) / 8.0),
        proptest::sample::select(vec![
            0.0,
            -0.0,
            5e-324,
            -5e-324,
            f64::MIN_POSITIVE,
            -f64::MIN_POSITIVE,
            f64::MAX,
            f64::MIN,
            18_446_744_073_709_551_616.0,
            9_223_372_036_854_775_808.0,
            -9_223_372_036_854_775_808.0,
        ]),
    ]
}

/// The float is `mantissa * 2^exponent`; both sides are scaled to integers, which cannot be wrong.
fn reference(integer: i128, float: f64) -> Ordering {
    let bits = float.to_bits();
    let biased = i32::try_from(bits >> 52 & 0x7FF).unwrap();
    let fraction = i128::from(bits & ((1 << 52) - 1));
    let mantissa = if biased == 0 {
        fraction
    } else {
        fraction | 1 << 52
    };
    let mantissa = if bits >> 63 == 1 { -mantissa } else { mantissa };
    match biased.max(1) - 1075 {
        _ if mantissa == 0 => integer.cmp(&0),
        // At least 2^12 * 2^53 in magnitude, beyond 64 bits.
        exponent if exponent > 12 && biased > 0 => 0.cmp(&mantissa),
        exponent if exponent >= 0 => integer.cmp(&(mantissa << exponent)),
        exponent if exponent >= -60 => (integer << -exponent).cmp(&mantissa),
        // Below 2^-7 in magnitude: only its sign matters.
        _ => (integer * 2).cmp(&mantissa.signum()),
    }
}

#[test]
fn edges_compare_exactly() {
    for a in EDGES {
        for b in EDGES {
            assert_eq!(integer(a).compare(integer(b)), a.cmp(&b));
            let float = b as f64;
            for float in [float, float.next_up(), float.next_down()] {
                let number = Number::try_from(float).unwrap();
                assert_eq!(
                    integer(a).compare(number),
                    reference(a, float),
                    "{a} {float}"
                );
            }
        }
    }
    let large = |value: f64| Number::try_from(value).unwrap();
    assert_eq!(
        Number::from(u64::MAX).compare(large(18_446_744_073_709_551_616.0)),
        Ordering::Less
    );
    assert_eq!(
        Number::from(i64::MAX).compare(large(9_223_372_036_854_775_808.0)),
        Ordering::Less
    );
    assert_eq!(
        Number::from(i64::MIN).compare(large(-9_223_372_036_854_775_808.0)),
        Ordering::Equal
    );
    assert_eq!(Number::from(0).compare(large(5e-324)), Ordering::Less);
    assert_eq!(Number::from(0).compare(large(-5e-324)), Ordering::Greater);
    assert_eq!(Number::from(0).compare(large(-0.0)), Ordering::Equal);
    assert_eq!(large(0.0).compare(large(-0.0)), Ordering::Equal);
}

#[test]
fn one_integer_has_one_form() {
    assert_eq!(Number::from(7_u8), Number::from(7_i64));
    assert_eq!(Number::from(i64::MAX as u64), Number::from(i64::MAX));
    assert_eq!(Number::from(u64::MAX).as_i64(), None);
    assert_eq!(Number::from(u64::MAX).as_u64(), Some(u64::MAX));
    assert_eq!(Number::from(-1).as_u64(), None);
    assert_eq!(Number::from(1).as_f64(), None);
    assert_ne!(Number::from(1), Number::try_from(1.0).unwrap());
    assert_ne!(Number::try_from(0.0).unwrap(), Number::NEGATIVE_ZERO);
    assert!(!Number::NEGATIVE_ZERO.is_negative());
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(Number::try_from(float), Err(NotFinite));
    }
}

#[test]
fn debug_shows_the_kind_alone() {
    assert_eq!(format!("{:?}", Number::from(1234)), "integer");
    assert_eq!(format!("{:?}", Number::NEGATIVE_ZERO), "float");
}

proptest! {
    /// Law: integers against floats compare as exact numbers do, from either side.
    #[test]
    fn mixed_order_is_exact(a in any_integer(), b in any_finite()) {
        let number = Number::try_from(b).unwrap();
        prop_assert_eq!(integer(a).compare(number), reference(a, b));
        prop_assert_eq!(number.compare(integer(a)), reference(a, b).reverse());
    }

    /// Law: floats compare as floats, integers as integers.
    #[test]
    fn like_order_is_exact(a in any_integer(), b in any_integer(), x in any_finite(), y in any_finite()) {
        prop_assert_eq!(integer(a).compare(integer(b)), a.cmp(&b));
        let (n, m) = (Number::try_from(x).unwrap(), Number::try_from(y).unwrap());
        prop_assert_eq!(n.compare(m), x.partial_cmp(&y).unwrap());
    }

    /// Law: a float's text has a `.` or an `e` and reads back bit for bit.
    #[test]
    fn floats_print_as_floats(x in any_finite()) {
        let text = Number::try_from(x).unwrap().to_string();
        prop_assert!(text.contains(['.', 'e']));
        prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), x.to_bits());
    }
}
