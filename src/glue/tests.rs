use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Argument, Describe as _, Hold as _, Probe, TypeProbe};
use crate::json::{Limits, Value, View, from_serialize};
use crate::tool::ParamType;

fn seen<T: Argument>(argument: &T) -> Option<Value> {
    argument.view().and_then(View::to_value)
}

fn serialized<T: serde::Serialize>(value: &T) -> Option<Value> {
    from_serialize(value, &Limits::default()).ok()
}

/// A value is the same to a policy whether it is looked at or serialised, as behind a generic parameter.
macro_rules! law {
    ($($name:ident: $ty:ty;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(32))]
            $(
            #[test]
            fn $name(value: $ty) {
                prop_assert_eq!(seen(&value), serialized(&value));
                let kind = value.view().and_then(View::kind);
                prop_assert!(kind.is_none_or(|kind| <$ty>::param_type().kinds().contains(&kind)));
            }
            )*
        }
    };
}

law! {
    booleans_look_as_serialised: bool;
    bytes_look_as_serialised: u8;
    small_integers_look_as_serialised: i16;
    unsigned_look_as_serialised: u64;
    signed_look_as_serialised: i64;
    sizes_look_as_serialised: usize;
    floats_look_as_serialised: f64;
    short_floats_look_as_serialised: f32;
    strings_look_as_serialised: String;
    lists_look_as_serialised: Vec<String>;
    float_lists_look_as_serialised: Vec<f64>;
    gaps_look_as_serialised: Vec<Option<i32>>;
    nested_lists_look_as_serialised: Vec<Vec<Option<u8>>>;
    arrays_look_as_serialised: [u64; 3];
    boxes_look_as_serialised: Vec<Box<str>>;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn borrowed_forms_look_alike(texts: Vec<String>, number: i32) {
        let expected = seen(&texts);
        let slice: &[String] = &texts;
        let borrowed: Vec<&str> = texts.iter().map(String::as_str).collect();
        let cows: Vec<Cow<'_, str>> = texts.iter().map(|text| Cow::Borrowed(text.as_str())).collect();
        let boxed: Box<[String]> = texts.clone().into();
        prop_assert_eq!(seen(&slice), expected.clone());
        prop_assert_eq!(seen(&&texts), expected.clone());
        prop_assert_eq!(seen(&borrowed), expected.clone());
        prop_assert_eq!(seen(&borrowed.as_slice()), expected.clone());
        prop_assert_eq!(seen(&cows), expected.clone());
        prop_assert_eq!(seen(&boxed), expected.clone());
        prop_assert_eq!(seen(&Arc::new(texts.clone())), expected.clone());
        prop_assert_eq!(seen(&Some(&texts)), expected);
        prop_assert_eq!(seen(&&mut Box::new(number)), Some(Value::from(number)));
    }

    #[test]
    fn the_range_of_an_integer_is_that_of_its_type(value in -40_000_i64..40_000) {
        let ParamType::Integer { min, max } = i16::param_type() else { panic!("no integer") };
        // What is negative is under every maximum.
        let in_range = value >= min && u64::try_from(value).map_or(true, |value| value <= max);
        prop_assert_eq!(in_range, i16::try_from(value).is_ok());
    }
}

/// As the macro writes it.
macro_rules! held {
    ($value:expr) => {
        (&&&&Probe::of(&$value)).hold().view()
    };
}

macro_rules! described {
    ($ty:ty) => {
        (&&&&TypeProbe::<$ty>::of()).describe("x", false)
    };
}

#[derive(serde::Serialize)]
struct Leg {
    size: f64,
}

#[test]
fn the_type_chooses_how_it_is_looked_at() {
    type Alias = Option<Leg>;
    let leg = Leg { size: 1.5 };
    let absent: Alias = None;
    let by_reference = &absent;
    let map = BTreeMap::from([("a", 2)]);
    let value = |view: Option<View<'_>>| view.map(|view| view.to_value().is_some());
    assert_eq!(value(held!(leg)), Some(true));
    assert_eq!(value(held!(map)), Some(true));
    assert_eq!(value(held!(absent)), None);
    assert_eq!(value(held!(by_reference)), None);
    assert_eq!(value(held!(None::<u8>)), None);
    assert_eq!(value(held!(Some(leg))), Some(true));
    assert_eq!(value(held!(Value::Null)), Some(true));
}

#[test]
fn what_json_cannot_write_is_not_representable() {
    assert!(matches!(
        held!(Leg { size: f64::NAN }),
        Some(View::NotRepresentable)
    ));
    assert!(matches!(
        held!(BTreeMap::from([(1, 2)])),
        Some(View::NotRepresentable)
    ));
    assert!(matches!(f64::INFINITY.view(), Some(View::NotRepresentable)));
    assert!(matches!(f32::NAN.view(), Some(View::NotRepresentable)));
    assert!(matches!(held!(u128::MAX), Some(View::NotRepresentable)));
    assert_eq!(seen(&vec![0.5, f64::NAN]), None);
}

#[test]
fn the_type_chooses_its_description() {
    let plain = described!(&Option<Vec<u8>>);
    let byte = ParamType::Integer { min: 0, max: 255 };
    assert_eq!(plain.param_type(), &ParamType::array_of(byte));
    assert!(!plain.is_required());
    let gaps = described!(Vec<Option<u8>>);
    assert_eq!(gaps.param_type(), &ParamType::array_of(ParamType::Any));
    assert!(gaps.is_required());
    let optional = described!(Option<Leg>);
    assert_eq!(
        (optional.param_type(), optional.is_required()),
        (&ParamType::Any, false)
    );
    let required = described!(Vec<Leg>);
    assert_eq!(
        (required.param_type(), required.is_required()),
        (&ParamType::Any, true)
    );
}
