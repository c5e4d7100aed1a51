//! Arguments that are Rust values of this crate, not parsed JSON: what `#[guard]` would hand over.

use portcullis::json::{Elements, Number, Object, Value as Json, View};
use serde_json::{Map, Value};

#[derive(Debug)]
pub(crate) enum Typed {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(List),
    Object(Object),
}

#[derive(Debug)]
pub(crate) struct List(Vec<Typed>);

impl Elements for List {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn element(&self, index: usize) -> Option<View<'_>> {
        self.0.get(index).map(Typed::view)
    }
}

impl Typed {
    pub(crate) fn view(&self) -> View<'_> {
        match self {
            Self::Null => View::Null,
            Self::Bool(yes) => View::Bool(*yes),
            Self::Number(number) => View::Number(*number),
            Self::Text(text) => View::String(text),
            Self::List(list) => View::Array(list),
            Self::Object(object) => View::Object(object),
        }
    }

    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Number(number) => {
                Self::Number(match (number.as_i64(), number.as_u64(), number.as_f64()) {
                    (Some(whole), _, _) => whole.into(),
                    (None, Some(whole), _) => whole.into(),
                    (None, None, float) => Number::try_from(float.unwrap()).unwrap(),
                })
            }
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(elements) => Self::List(List(elements.iter().map(Self::of).collect())),
            Value::Object(_) => match Json::try_from(value).unwrap() {
                Json::Object(object) => Self::Object(object),
                _ => Self::Null,
            },
        }
    }
}

/// Every argument, sorted by name, with one more that is absent.
pub(crate) fn typed(args: &Map<String, Value>) -> Vec<(&str, Option<Typed>)> {
    let mut fields: Vec<(&str, Option<Typed>)> = args
        .iter()
        .map(|(name, value)| (name.as_str(), Some(Typed::of(value))))
        .collect();
    if !args.contains_key("absent") {
        fields.push(("absent", None));
    }
    fields.sort_by_key(|(name, _)| *name);
    fields
}
