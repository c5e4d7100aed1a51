use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::*;

fn to(value: &(impl Serialize + ?Sized)) -> Result<Value, ErrorKind> {
    from_serialize(value, &Limits::default()).map_err(|error| error.kind())
}

#[derive(Serialize)]
struct Order {
    symbol: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    side: Side,
    price: Price,
    parts: (u8, i128, f32),
    unit: (),
}

#[derive(Clone, Serialize)]
struct Price(f64);

#[derive(Serialize)]
enum Side {
    Buy,
    Limit(u32),
    Range(i8, i8),
    Stop { at: f64 },
}

#[derive(Serialize)]
struct Name(&'static str);

/// Writes these entries as a map, whatever they are.
struct Entries<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Entries<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(usize::MAX))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[test]
fn values_are_as_serde_json_writes_them() {
    let order = |side| Order {
        symbol: "NV\"DA",
        note: None,
        side,
        price: Price(1.0),
        parts: (1, -2, 0.5),
        unit: (),
    };
    for side in [
        Side::Buy,
        Side::Limit(7),
        Side::Range(-1, 1),
        Side::Stop { at: 2.5 },
    ] {
        let order = order(side);
        let text = serde_json::to_string(&order).unwrap();
        assert_eq!(to(&order).unwrap(), read(&text).unwrap());
    }
    assert_eq!(to(&'é').unwrap(), Value::from("é"));
    assert_eq!(to(&Some(Some(true))).unwrap(), Value::from(true));
    assert_eq!(
        to(&BTreeMap::from([('a', 1), ('b', 2)])).unwrap(),
        read("{\"b\":2,\"a\":1}").unwrap()
    );
    assert_eq!(
        to(&HashMap::from([(Some("k"), [0_u8; 2])])).unwrap(),
        read("{\"k\":[0,0]}").unwrap()
    );
    assert_eq!(
        to(&Entries(vec![(Name("p"), 1)])).unwrap(),
        read("{\"p\":1}").unwrap()
    );
    assert_eq!(
        to(&0.1_f32).unwrap(),
        Value::try_from(f64::from(0.1_f32)).unwrap()
    );
    assert_eq!(to(&u128::from(u64::MAX)).unwrap(), Value::from(u64::MAX));
    assert_eq!(to(&i128::from(i64::MIN)).unwrap(), Value::from(i64::MIN));
    assert_eq!(to("text").unwrap(), Value::from("text"));
}

#[test]
fn what_json_does_not_hold_is_refused() {
    use ErrorKind::*;
    assert_eq!(to(&f64::NAN), Err(NotFinite));
    assert_eq!(to(&[f32::INFINITY]), Err(NotFinite));
    assert_eq!(to(&(i128::from(u64::MAX) + 1)), Err(IntegerRange));
    assert_eq!(to(&(i128::from(i64::MIN) - 1)), Err(IntegerRange));
    assert_eq!(to(&u128::MAX), Err(IntegerRange));
    assert_eq!(to(&BTreeMap::from([(1, 1)])), Err(KeyNotString));
    assert_eq!(to(&BTreeMap::from([(true, 1)])), Err(KeyNotString));
    assert_eq!(to(&BTreeMap::from([((), 1)])), Err(KeyNotString));
    assert_eq!(to(&BTreeMap::from([(["a"], 1)])), Err(KeyNotString));
    assert_eq!(
        to(&Entries(vec![("a", 1), ("b", 2), ("a", 1)])),
        Err(DuplicateKey)
    );
    assert_eq!(
        to(&Entries(vec![("$serde_json::private::RawValue", 1)])),
        Err(ReservedKey)
    );
    assert_eq!(to(&Entries(vec![("a", f64::NAN)])), Err(NotFinite));
}

#[test]
fn a_failure_keeps_its_message_to_itself() {
    struct Failing;
    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("secret"))
        }
    }
    let error = from_serialize(&[Failing], &Limits::default()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert_eq!(error.kind(), ErrorKind::Unserializable);
}

#[test]
fn an_ill_behaved_map_is_refused() {
    struct KeyOnly;
    impl Serialize for KeyOnly {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_key("a")?;
            map.end()
        }
    }
    struct ValueOnly;
    impl Serialize for ValueOnly {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_value("a")?;
            map.end()
        }
    }
    struct TwoKeys;
    impl Serialize for TwoKeys {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            map.serialize_key("a")?;
            map.serialize_entry("b", "c")?;
            map.end()
        }
    }
    assert_eq!(to(&TwoKeys), Err(ErrorKind::Unserializable));
    assert_eq!(to(&KeyOnly), Err(ErrorKind::Unserializable));
    assert_eq!(to(&ValueOnly), Err(ErrorKind::Unserializable));
}

#[test]
fn raw_text_is_refused() {
    // As `serde_json::value::RawValue` serializes, without the feature that brings it.
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::RawValue")]
    struct Raw {
        #[serde(rename = "$serde_json::private::RawValue")]
        text: &'static str,
    }
    assert_eq!(
        to(&Raw {
            text: "{\"a\":1,\"a\":2}"
        }),
        Err(ErrorKind::ReservedKey)
    );
}

#[test]
fn a_hidden_number_is_a_number() {
    // As `serde_json::Number` serializes under `arbitrary_precision`.
    #[derive(Serialize)]
    #[serde(rename = "$serde_json::private::Number")]
    struct Hidden {
        #[serde(rename = "$serde_json::private::Number")]
        text: &'static str,
    }
    let hidden = |text| to(&Hidden { text });
    assert_eq!(hidden("5"), Ok(Value::from(5)));
    assert_eq!(hidden("18446744073709551615"), Ok(Value::from(u64::MAX)));
    assert_eq!(hidden("5.0"), Ok(Value::try_from(5.0).unwrap()));
    assert_eq!(hidden("-0"), Ok(Value::try_from(-0.0).unwrap()));
    for text in ["1e999", "NaN", "inf", "", "secret"] {
        assert_eq!(hidden(text), Err(ErrorKind::InexactFloat), "{text}");
    }
}

#[test]
fn endless_values_end() {
    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq(std::iter::repeat(""))
        }
    }
    struct Deep;
    impl Serialize for Deep {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq([Deep])
        }
    }
    struct Wrapped;
    impl Serialize for Wrapped {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_some(&Wrapped)
        }
    }
    struct Variants;
    impl Serialize for Variants {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_newtype_variant("Variants", 0, "a", &Variants)
        }
    }
    assert_eq!(to(&Endless), Err(ErrorKind::TooLarge { limit: 1 << 20 }));
    assert_eq!(to(&Deep), Err(ErrorKind::TooDeep { limit: 32 }));
    assert_eq!(to(&Variants), Err(ErrorKind::TooDeep { limit: 32 }));
    assert_eq!(to(&Wrapped), Err(ErrorKind::TooDeep { limit: 128 }));
}

#[test]
fn a_wrapper_beside_another_costs_nothing() {
    assert_eq!(
        to(&vec![Some(Price(1.0)); 1000])
            .unwrap()
            .as_array()
            .unwrap()
            .len(),
        1000
    );
}

proptest! {
    /// Law: serializing a value gives the value, within exactly the bytes of its shortest text; so does converting.
    #[test]
    fn a_value_serializes_to_itself(value in any_value()) {
        let bytes = json_text(&value).len();
        let fits = Limits { max_bytes: bytes, ..Limits::default() };
        let short = Limits { max_bytes: bytes - 1, ..Limits::default() };
        let theirs = serde_json::Value::from(&value);
        let too_large = ErrorKind::TooLarge { limit: bytes - 1 };
        prop_assert_eq!(from_serialize(&value, &fits).unwrap(), value.clone());
        prop_assert_eq!(Value::from_serde_json(&theirs, &fits).unwrap(), value.clone());
        prop_assert_eq!(from_serialize(&theirs, &fits).unwrap(), value.clone());
        prop_assert_eq!(from_serialize(&theirs, &short).unwrap_err().kind(), too_large);
        prop_assert_eq!(from_serialize(&value, &short).unwrap_err().kind(), too_large);
        prop_assert_eq!(Value::from_serde_json(&theirs, &short).unwrap_err().kind(), too_large);
    }

    /// Law: what `serde_json` writes for a Rust value, we build without text.
    #[test]
    fn agrees_with_serde_json(value in proptest::collection::btree_map(any_string(), vec((any::<i64>(), any::<Option<bool>>()), 0..4), 0..12)) {
        let text = serde_json::to_string(&value).unwrap();
        prop_assert_eq!(to(&value).unwrap(), read(&text).unwrap());
    }
}
