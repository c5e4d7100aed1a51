use std::cmp::Ordering;

use super::*;

/// Where we are stricter than `serde_json`, by name. Nothing else may set us apart.
fn is_stricter(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DuplicateKey
            | ErrorKind::ReservedKey
            | ErrorKind::TooDeep { .. }
            | ErrorKind::TooLarge { .. }
            | ErrorKind::IntegerRange
            | ErrorKind::InexactFloat
    )
}

/// Whether `serde_json` understands the same. Without `float_roundtrip` its floats may be off in the last places.
fn same_meaning(own: &Value, theirs: &serde_json::Value) -> bool {
    match (own, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::String(a), serde_json::Value::String(b)) => a == b,
        (Value::Number(a), serde_json::Value::Number(b)) => match a.as_f64() {
            None => (a.as_i64(), a.as_u64()) == (b.as_i64(), b.as_u64()),
            Some(a) if a == 0.0 => {
                b.to_string().starts_with('-') == a.is_sign_negative() && b.as_f64() == Some(0.0)
            }
            Some(a) => b
                .as_f64()
                .is_some_and(|b| a.to_bits().abs_diff(b.to_bits()) <= 4),
        },
        (Value::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_meaning(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(key, a)| b.get(key).is_some_and(|b| same_meaning(a, b)))
        }
        _ => false,
    }
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let limits = Limits::default();
    let own = parse_bytes(bytes, &limits);
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    match (&own, theirs) {
        (Ok(own), Ok(theirs)) => prop_assert!(same_meaning(own, &theirs), "meaning: {:?}", bytes),
        (Ok(_), Err(error)) => prop_assert!(false, "only we accept {:?}: {}", bytes, error),
        (Err(error), Ok(_)) => prop_assert!(is_stricter(error.kind()), "{} {:?}", error, bytes),
        (Err(_), Err(_)) => {}
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let node = parse_node(text, &limits);
        prop_assert_eq!(parse(text, &limits), own.clone());
        match node {
            Ok(node) => prop_assert_eq!(node.to_value(), own),
            Err(error) => prop_assert_eq!(Err(error), own),
        }
    }
    if let Err(error) = parse_bytes(bytes, &limits) {
        prop_assert!(error.offset().is_none_or(|offset| offset <= bytes.len()));
        prop_assert!(error.line() != Some(0) && error.column() != Some(0));
    }
    Ok(())
}

#[derive(Clone, Debug)]
enum Edit {
    Delete(usize),
    Insert(usize, u8),
    Replace(usize, u8),
    Repeat(usize, usize),
    Truncate(usize),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let byte = prop_oneof![
        proptest::sample::select(
            b"{}[],:\"\\ \n\t0123456789.eE+-truefalsn/ub\x00\x1F\x7F\x80\xED".to_vec()
        ),
        any::<u8>(),
    ];
    prop_oneof![
        any::<usize>().prop_map(Edit::Delete),
        (any::<usize>(), byte.clone()).prop_map(|(at, byte)| Edit::Insert(at, byte)),
        (any::<usize>(), byte).prop_map(|(at, byte)| Edit::Replace(at, byte)),
        (any::<usize>(), 1_usize..12).prop_map(|(at, length)| Edit::Repeat(at, length)),
        any::<usize>().prop_map(Edit::Truncate),
    ]
}

fn apply(text: &mut Vec<u8>, edit: &Edit) {
    let within = |at: usize, text: &[u8]| at % (text.len() + 1);
    match *edit {
        Edit::Delete(at) if !text.is_empty() => drop(text.remove(at % text.len())),
        Edit::Replace(at, byte) if !text.is_empty() => {
            let at = at % text.len();
            text[at] = byte;
        }
        Edit::Insert(at, byte) => text.insert(within(at, text), byte),
        Edit::Repeat(at, length) => {
            let at = within(at, text);
            let piece = text[at..(at + length).min(text.len())].to_vec();
            text.splice(at..at, piece);
        }
        Edit::Truncate(at) => text.truncate(within(at, text)),
        Edit::Delete(_) | Edit::Replace(..) => {}
    }
}

proptest! {
    /// Law: whatever we accept `serde_json` accepts with equal meaning; whatever it accepts and we refuse is refused
    /// for a named reason. Node and value readings agree, places lie in the text.
    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..40)) {
        check(&bytes)?;
    }

    /// Law: the same on texts made of JSON's own bytes.
    #[test]
    fn token_soup(text in "[\\[\\]{},:\"\\\\ \n01.eE+\\-tfnul/dD8aé]{0,16}") {
        check(text.as_bytes())?;
    }

    /// Law: the same on numbers.
    #[test]
    fn number_soup(text in "-?[0-9]{1,22}(\\.[0-9]{0,20})?([eE][+-]?[0-9]{0,3})?") {
        check(text.as_bytes())?;
    }

    /// Law: the same on JSON with a few edits.
    #[test]
    fn mutated_json(value in any_value(), edits in vec(any_edit(), 0..4), choices in vec(any::<usize>(), 1..50)) {
        let mut choices = choices.iter().cycle();
        let mut text = dressed(&value, &mut |count| choices.next().unwrap() % count).into_bytes();
        for edit in &edits {
            apply(&mut text, edit);
        }
        check(&text)?;
    }

    /// Law: through `serde_json` and back a value stays the same, whatever its features.
    #[test]
    fn serde_json_round_trip(value in any_value()) {
        let theirs = serde_json::Value::from(&value);
        prop_assert!(same_meaning(&value, &theirs));
        prop_assert_eq!(Value::try_from(&theirs).unwrap(), value.clone());
        prop_assert_eq!(from_serialize(&theirs, &Limits::default()).unwrap(), value);
    }

    /// Law: what we accept, `serde_json` reads into a value that converts to an equal one, floats' last places aside.
    #[test]
    fn conversion_agrees_with_parsing(value in any_value()) {
        let text = json_text(&value);
        let theirs: serde_json::Value = serde_json::from_str(&text).unwrap();
        let converted = Value::try_from(&theirs).unwrap();
        prop_assert!(same_meaning(&value, &theirs));
        prop_assert!(same_meaning(&converted, &serde_json::Value::from(&value)));
        prop_assert_eq!(from_serialize(&theirs, &Limits::default()).unwrap(), converted);
    }
}

#[test]
fn conversion_does_not_depend_on_features() {
    let convert = |text: &str| {
        let theirs: serde_json::Value = serde_json::from_str(text).ok()?;
        let converted = Value::try_from(&theirs).ok();
        assert_eq!(
            from_serialize(&theirs, &Limits::default()).ok(),
            converted,
            "{text}"
        );
        converted
    };
    let float = |value: f64| Some(Value::try_from(value).unwrap());
    assert_eq!(convert("-0"), float(-0.0));
    assert_eq!(convert("-0.0"), float(-0.0));
    assert_eq!(convert("0"), Some(Value::from(0)));
    assert_eq!(convert("0.0"), float(0.0));
    assert_eq!(convert("1.0"), float(1.0));
    assert_eq!(convert("1e2"), float(100.0));
    assert_eq!(convert("18446744073709551615"), Some(Value::from(u64::MAX)));
    assert_eq!(
        convert("18446744073709551616"),
        float(18_446_744_073_709_551_616.0)
    );
    assert_eq!(convert("-9223372036854775808"), Some(Value::from(i64::MIN)));
    assert_eq!(
        convert("-9223372036854775809"),
        float(-9_223_372_036_854_775_808.0)
    );
    assert_eq!(convert("1e999"), None);
    assert_eq!(convert("[1e999]"), None);
}

#[test]
fn conversion_is_bounded_and_strict() {
    let nested =
        |levels| (0..levels).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let limits = Limits {
        max_depth: 1_000,
        ..Limits::default()
    };
    for (levels, default, deep) in [
        (32, true, true),
        (33, false, true),
        (128, false, true),
        (129, false, false),
    ] {
        assert_eq!(
            Value::try_from(&nested(levels)).is_ok(),
            default,
            "{levels}"
        );
        assert_eq!(
            Value::from_serde_json(&nested(levels), &limits).is_ok(),
            deep,
            "{levels}"
        );
    }
    let mut members = serde_json::Map::new();
    members.insert("$serde_json::private::Number".to_owned(), "1".into());
    let error = Value::try_from(&serde_json::Value::Object(members)).unwrap_err();
    assert_eq!((error.kind(), error.line()), (ErrorKind::ReservedKey, None));
    assert_eq!(error.kind().to_string(), error.to_string());
}

/// The order of two numbers read by us is the order of the decimals that were written.
#[test]
fn order_survives_reading() {
    let sorted = [
        "-1.7976931348623157e308",
        "-9223372036854775809e0",
        "-9223372036854775808",
        "-9007199254740993",
        "-9007199254740992.0",
        "-1",
        "-5e-324",
        "0",
        "5e-324",
        "1",
        "1.5",
        "9007199254740991",
        "9007199254740992.0",
        "9007199254740993",
        "9007199254740994.0",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "1.8446744073709552e19",
        "1e300",
    ];
    let numbers: Vec<_> = sorted
        .iter()
        .filter_map(|text| read(text).ok()?.as_number())
        .collect();
    assert_eq!(
        numbers.len(),
        sorted.len() - 1,
        "-9223372036854775809e0 is no float"
    );
    for pair in numbers.windows(2) {
        assert_eq!(
            pair[0].compare(pair[1]),
            Ordering::Less,
            "{} {}",
            pair[0],
            pair[1]
        );
    }
}
