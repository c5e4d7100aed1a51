use super::error::{Error, ErrorKind};
use super::limits::{Limits, Meter};
use super::number::Number;
use super::object::{Entry, Object, check_key};
use super::value::Value;
use super::write::{number_len, string_len};

impl Value {
    /// A `serde_json` value by the rules of [`parse`](super::parse), as far as they still apply: `serde_json` has by then
    /// kept the last of duplicate keys and rounded numbers as it does, so parse the text itself where there is one.
    ///
    /// The result does not depend on the features of `serde_json`.
    ///
    /// # Errors
    /// A reserved key, a number that is no `i64`, `u64` or finite `f64`, a value deeper or larger than `limits`.
    ///
    /// # Examples
    /// ```
    /// use portcullis::json::{Limits, Value};
    ///
    /// let value = Value::from_serde_json(&serde_json::json!({"depth": 5}), &Limits::default())?;
    /// assert_eq!(value.as_object().unwrap().get("depth"), Some(&Value::from(5)));
    /// # Ok::<(), portcullis::json::Error>(())
    /// ```
    pub fn from_serde_json(value: &serde_json::Value, limits: &Limits) -> Result<Self, Error> {
        Ok(convert(value, 0, limits, &mut Meter::new(limits))?)
    }
}

impl TryFrom<&serde_json::Value> for Value {
    type Error = Error;

    /// [`Value::from_serde_json`] with the default limits.
    fn try_from(value: &serde_json::Value) -> Result<Self, Error> {
        Self::from_serde_json(value, &Limits::default())
    }
}

impl From<&Value> for serde_json::Value {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(boolean) => Self::Bool(*boolean),
            Value::Number(number) => foreign_number(*number).map_or(Self::Null, Self::Number),
            Value::String(string) => Self::String(string.clone()),
            Value::Array(elements) => Self::Array(elements.iter().map(Self::from).collect()),
            Value::Object(object) => {
                let members = object.iter();
                Self::Object(
                    members
                        .map(|(key, value)| (key.to_owned(), value.into()))
                        .collect(),
                )
            }
        }
    }
}

fn convert(
    value: &serde_json::Value,
    depth: usize,
    limits: &Limits,
    meter: &mut Meter,
) -> Result<Value, ErrorKind> {
    Ok(match value {
        serde_json::Value::Null => {
            meter.charge("null".len())?;
            Value::Null
        }
        serde_json::Value::Bool(boolean) => {
            meter.charge(if *boolean { "true" } else { "false" }.len())?;
            Value::Bool(*boolean)
        }
        serde_json::Value::Number(number) => {
            let number = own_number(number)?;
            meter.charge(number_len(number))?;
            Value::Number(number)
        }
        serde_json::Value::String(string) => {
            meter.charge(string_len(string))?;
            Value::String(string.clone())
        }
        serde_json::Value::Array(elements) => {
            let depth = limits.descend(depth)?;
            meter.charge_brackets(elements.len())?;
            let elements = elements.iter();
            let elements = elements.map(|element| convert(element, depth, limits, meter));
            Value::Array(elements.collect::<Result<_, _>>()?)
        }
        serde_json::Value::Object(members) => {
            let depth = limits.descend(depth)?;
            meter.charge_brackets(members.len())?;
            let members = members.iter();
            let entries = members.map(|(key, value)| -> Result<Entry, ErrorKind> {
                check_key(key)?;
                meter.charge(string_len(key) + ":".len())?;
                Ok((key.as_str().into(), convert(value, depth, limits, meter)?))
            });
            Object::from_checked(entries.collect::<Result<_, _>>()?)?.into()
        }
    })
}

/// By numeric views alone: what `serde_json` keeps behind them depends on its features. But for `-0`, which
/// `arbitrary_precision` shows as the integer 0 and otherwise is the float -0.0.
fn own_number(number: &serde_json::Number) -> Result<Number, ErrorKind> {
    match (number.as_i64(), number.as_u64(), number.as_f64()) {
        (Some(0), _, _) if number.to_string().starts_with('-') => Ok(Number::NEGATIVE_ZERO),
        (Some(integer), _, _) => Ok(integer.into()),
        (None, Some(integer), _) => Ok(integer.into()),
        (None, None, float) => float
            .and_then(|float| Number::try_from(float).ok())
            .ok_or(ErrorKind::InexactFloat),
    }
}

/// Never absent: a [`Number`]'s float is finite.
fn foreign_number(number: Number) -> Option<serde_json::Number> {
    if let Some(integer) = number.as_i64() {
        Some(integer.into())
    } else if let Some(integer) = number.as_u64() {
        Some(integer.into())
    } else {
        serde_json::Number::from_f64(number.to_f64_lossy())
    }
}
