use std::fmt;

use super::kind::Kind;
use super::limits::MAX_DEPTH;
use super::number::Number;
use super::object::Object;
use super::value::Value;
use super::write;

/// A borrowed look at an argument, whatever holds it: parsed JSON or a Rust value.
///
/// `Debug` shows kinds and lengths, never contents.
///
/// # Examples
/// ```
/// use portcullis::json::{Value, View};
///
/// let value = Value::from(vec![Value::from("NYSE")]);
/// let View::Array(elements) = value.view() else { return };
/// assert!(elements.element(0).is_some_and(|view| view.equals(&Value::from("NYSE"))));
/// assert!(elements.element(1).is_none());
/// ```
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer or a float.
    Number(Number),
    /// A string.
    String(&'a str),
    /// An array.
    Array(&'a dyn Elements),
    /// An object.
    Object(&'a Object),
    /// A Rust value that JSON cannot write, such as NaN. It equals nothing and has no kind.
    NotRepresentable,
}

/// The elements of an array.
pub trait Elements {
    /// How many there are.
    fn len(&self) -> usize;

    /// The element at `index`, counted from 0; `None` from [`len`](Self::len) on.
    fn element(&self, index: usize) -> Option<View<'_>>;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Elements for Vec<Value> {
    fn len(&self) -> usize {
        self.as_slice().len()
    }

    fn element(&self, index: usize) -> Option<View<'_>> {
        self.get(index).map(Value::view)
    }
}

impl View<'_> {
    /// What kind of value it is; `None` if JSON cannot write it.
    pub fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Null => Kind::Null,
            Self::Bool(_) => Kind::Boolean,
            Self::Number(number) => number.kind(),
            Self::String(_) => Kind::String,
            Self::Array(_) => Kind::Array,
            Self::Object(_) => Kind::Object,
            Self::NotRepresentable => return None,
        })
    }

    /// Whether it is this value, by kind and content.
    pub fn equals(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(a), Value::Bool(b)) => a == *b,
            (Self::Number(a), Value::Number(b)) => a == *b,
            (Self::String(a), Value::String(b)) => a == b,
            (Self::Array(a), Value::Array(b)) => {
                a.len() == b.len()
                    && (0..)
                        .zip(b)
                        .all(|(index, b)| a.element(index).is_some_and(|a| a.equals(b)))
            }
            (Self::Object(a), Value::Object(b)) => a == b,
            _ => false,
        }
    }

    /// A value of its own; `None` if JSON cannot write it, or arrays lie more than 128 deep in each other.
    pub fn to_value(self) -> Option<Value> {
        self.to_value_within(MAX_DEPTH)
    }

    fn to_value_within(self, levels: usize) -> Option<Value> {
        Some(match self {
            Self::Null => Value::Null,
            Self::Bool(boolean) => boolean.into(),
            Self::Number(number) => number.into(),
            Self::String(string) => string.into(),
            Self::Array(elements) => {
                let levels = levels.checked_sub(1)?;
                let value = |index| elements.element(index)?.to_value_within(levels);
                Value::Array((0..elements.len()).map(value).collect::<Option<_>>()?)
            }
            Self::Object(object) => object.clone().into(),
            Self::NotRepresentable => return None,
        })
    }

    /// Whether [`to_value`](Self::to_value) yields a value.
    pub(crate) fn is_representable(self) -> bool {
        self.is_representable_within(MAX_DEPTH)
    }

    fn is_representable_within(self, levels: usize) -> bool {
        match self {
            Self::Array(elements) => levels.checked_sub(1).is_some_and(|levels| {
                let representable = |view: View<'_>| view.is_representable_within(levels);
                (0..elements.len()).all(|index| elements.element(index).is_some_and(representable))
            }),
            Self::NotRepresentable => false,
            _ => true,
        }
    }

    /// Appends its compact JSON text, keys in the order of their bytes; `null` for what JSON cannot write.
    pub(crate) fn write_json(self, out: &mut String) {
        write::view(self, out);
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(_) => f.write_str("boolean"),
            Self::Number(number) => number.fmt(f),
            Self::String(string) => write!(f, "string({})", string.chars().count()),
            Self::Array(elements) => write!(f, "array({})", elements.len()),
            Self::Object(object) => object.fmt(f),
            Self::NotRepresentable => f.write_str("not representable"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Floats(Vec<f64>);

    impl Elements for Floats {
        fn len(&self) -> usize {
            self.0.len()
        }

        fn element(&self, index: usize) -> Option<View<'_>> {
            let number = Number::try_from(*self.0.get(index)?);
            Some(number.map_or(View::NotRepresentable, View::Number))
        }
    }

    /// Contains itself.
    struct Endless;

    impl Elements for Endless {
        fn len(&self) -> usize {
            1
        }

        fn element(&self, _: usize) -> Option<View<'_>> {
            Some(View::Array(self))
        }
    }

    fn floats(values: &[f64]) -> Value {
        let values = values.iter().map(|value| Value::try_from(*value).unwrap());
        Value::Array(values.collect())
    }

    #[test]
    fn a_rust_value_and_its_json_are_equal() {
        let elements = Floats(vec![1.0, 2.5]);
        let view = View::Array(&elements);
        assert!(view.equals(&floats(&[1.0, 2.5])));
        assert!(!view.equals(&floats(&[1.0])));
        assert!(!view.equals(&floats(&[1.0, 2.5, 3.0])));
        assert!(!view.equals(&Value::from(vec![
            Value::from(1),
            Value::try_from(2.5).unwrap()
        ])));
        assert_eq!(view.to_value(), Some(floats(&[1.0, 2.5])));
        let mut text = String::new();
        view.write_json(&mut text);
        assert_eq!(text, "[1.0,2.5]");
    }

    #[test]
    fn what_json_cannot_write_is_nothing() {
        let elements = Floats(vec![1.0, f64::NAN]);
        let view = View::Array(&elements);
        assert_eq!(view.kind(), Some(Kind::Array));
        assert!(!view.is_representable());
        assert_eq!(view.to_value(), None);
        assert_eq!(View::NotRepresentable.kind(), None);
        assert!(!View::NotRepresentable.equals(&Value::Null));
        assert!(!View::Array(&Endless).is_representable());
        assert_eq!(View::Array(&Endless).to_value(), None);
    }

    #[test]
    fn debug_shows_no_contents() {
        assert_eq!(format!("{:?}", View::String("né")), "string(2)");
        assert_eq!(format!("{:?}", View::Array(&Floats(vec![1.5]))), "array(1)");
        assert_eq!(format!("{:?}", View::Number(Number::from(7))), "integer");
        assert_eq!(format!("{:?}", View::NotRepresentable), "not representable");
    }
}
