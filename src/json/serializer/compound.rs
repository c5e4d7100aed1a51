use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::super::object::{Entry, Object};
use super::{Error, ErrorKind, Limits, Number, Value, ValueBuilder, check_key, from_serialize};

/// Under `arbitrary_precision` a `serde_json::Number` serializes as a struct of this name, whose one field is its text.
const NUMBER_TOKEN: &str = "$serde_json::private::Number";

/// Builds an array, or `{variant: array}`.
pub(super) struct ArrayBuilder<'s> {
    inner: ValueBuilder<'s>,
    elements: Vec<Value>,
    variant: Option<&'static str>,
}

impl<'s> ArrayBuilder<'s> {
    pub(super) fn new(
        outer: ValueBuilder<'s>,
        variant: Option<&'static str>,
    ) -> Result<Self, Error> {
        let inner = outer.descend(0)?;
        Ok(Self {
            inner,
            elements: Vec::new(),
            variant,
        })
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if !self.elements.is_empty() {
            self.inner.state.meter.charge(",".len())?;
        }
        let value = value.serialize(self.inner.again())?;
        self.elements.push(value);
        Ok(())
    }

    fn finish(self) -> Result<Value, Error> {
        tagged(self.variant, self.elements.into())
    }
}

impl SerializeSeq for ArrayBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeTuple for ArrayBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeTupleStruct for ArrayBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeTupleVariant for ArrayBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

/// Builds an object, or `{variant: object}`.
pub(super) struct ObjectBuilder<'s> {
    inner: ValueBuilder<'s>,
    entries: Vec<Entry>,
    /// Of the entry whose value is still to come.
    key: Option<String>,
    variant: Option<&'static str>,
}

impl<'s> ObjectBuilder<'s> {
    pub(super) fn new(
        outer: ValueBuilder<'s>,
        variant: Option<&'static str>,
    ) -> Result<Self, Error> {
        let inner = outer.descend(0)?;
        Ok(Self {
            inner,
            entries: Vec::new(),
            key: None,
            variant,
        })
    }

    fn push_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        if self.key.is_some() {
            return Err(ErrorKind::Unserializable.into());
        }
        if !self.entries.is_empty() {
            self.inner.state.meter.charge(",".len())?;
        }
        let Value::String(key) = self.build(key)? else {
            return Err(ErrorKind::KeyNotString.into());
        };
        check_key(&key)?;
        self.inner.state.meter.charge(":".len())?;
        self.key = Some(key);
        Ok(())
    }

    fn push_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = self.key.take().ok_or(ErrorKind::Unserializable)?;
        let value = self.build(value)?;
        self.entries.push((key.into_boxed_str(), value));
        Ok(())
    }

    fn build<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<Value, Error> {
        value.serialize(self.inner.again())
    }

    fn finish(self) -> Result<Value, Error> {
        if self.key.is_some() {
            return Err(ErrorKind::Unserializable.into());
        }
        tagged(self.variant, Object::from_checked(self.entries)?.into())
    }
}

impl SerializeMap for ObjectBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.push_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.push_value(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

impl SerializeStructVariant for ObjectBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.push_key(key)?;
        self.push_value(value)
    }

    fn end(self) -> Result<Value, Error> {
        self.finish()
    }
}

/// Builds an object, or the number that `serde_json` hides in a struct.
pub(super) enum StructBuilder<'s> {
    Members(ObjectBuilder<'s>),
    Number(ValueBuilder<'s>, Option<Number>),
}

impl<'s> StructBuilder<'s> {
    pub(super) fn new(outer: ValueBuilder<'s>, name: &'static str) -> Result<Self, Error> {
        Ok(if name == NUMBER_TOKEN {
            Self::Number(outer, None)
        } else {
            Self::Members(ObjectBuilder::new(outer, None)?)
        })
    }
}

impl SerializeStruct for StructBuilder<'_> {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        match self {
            Self::Members(members) => {
                members.push_key(key)?;
                members.push_value(value)
            }
            Self::Number(_, number) => {
                let text = from_serialize(value, &Limits::default())?;
                *number = Some(hidden_number(&text)?);
                Ok(())
            }
        }
    }

    fn end(self) -> Result<Value, Error> {
        match self {
            Self::Members(members) => members.finish(),
            Self::Number(builder, number) => {
                builder.number(number.ok_or(ErrorKind::Unserializable)?)
            }
        }
    }
}

/// A value, or `{variant: value}`.
pub(super) fn tagged(variant: Option<&'static str>, value: Value) -> Result<Value, Error> {
    Ok(match variant {
        Some(variant) => Object::from_checked(vec![(variant.into(), value)])?.into(),
        None => value,
    })
}

/// The number as it would be without `arbitrary_precision`.
fn hidden_number(text: &Value) -> Result<Number, ErrorKind> {
    let text = text.as_str().ok_or(ErrorKind::Unserializable)?;
    let float = || Number::try_from(text.parse::<f64>().ok()?).ok();
    Number::from_integer_literal(text)
        .or_else(float)
        .ok_or(ErrorKind::InexactFloat)
}
