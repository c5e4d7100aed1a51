mod compound;

use compound::{ArrayBuilder, ObjectBuilder, StructBuilder, tagged};
use serde::ser::{Serialize, Serializer};

use super::error::{Error, ErrorKind};
use super::limits::{Limits, MAX_DEPTH, Meter};
use super::number::Number;
use super::object::check_key;
use super::value::Value;
use super::write::{number_len, string_len};

/// A Rust value as the JSON value that `serde_json` would write for it, but strictly.
///
/// An `f32` becomes the `f64` of equal value: `0.1_f32` is `0.10000000149011612`.
///
/// # Errors
/// A map with duplicate keys or keys other than strings, a key that starts with `$serde_json::private::`, NaN or an
/// infinity, an integer of 128 bits that 64 do not hold, a value deeper or larger than `limits`, a failure of `T` itself.
///
/// # Examples
/// ```
/// use portcullis::json::{self, ErrorKind, Limits};
/// use std::collections::BTreeMap;
///
/// let value = json::from_serialize(&BTreeMap::from([("depth", 5)]), &Limits::default())?;
/// assert_eq!(value.as_object().and_then(|object| object.get("depth")), Some(&5.into()));
///
/// let error = json::from_serialize(&f64::NAN, &Limits::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::NotFinite);
/// # Ok::<(), json::Error>(())
/// ```
pub fn from_serialize<T: Serialize + ?Sized>(value: &T, limits: &Limits) -> Result<Value, Error> {
    value.serialize(ValueBuilder {
        state: &mut State {
            limits: *limits,
            meter: Meter::new(limits),
            wrappers: 0,
        },
        depth: 0,
    })
}

struct State {
    limits: Limits,
    meter: Meter,
    /// `Some` and newtypes that are being serialized: they add no level of JSON, but they recurse.
    wrappers: usize,
}

/// Builds one value.
struct ValueBuilder<'s> {
    state: &'s mut State,
    depth: usize,
}

impl<'s> ValueBuilder<'s> {
    fn leaf(self, text_len: usize, value: Value) -> Result<Value, Error> {
        self.state.meter.charge(text_len)?;
        Ok(value)
    }

    fn number(self, number: Number) -> Result<Value, Error> {
        self.leaf(number_len(number), number.into())
    }

    fn wide_integer(self, integer: i128) -> Result<Value, Error> {
        let number = u64::try_from(integer)
            .map(Number::from)
            .or_else(|_| i64::try_from(integer).map(Number::from));
        self.number(number.map_err(|_| ErrorKind::IntegerRange)?)
    }

    fn wrapped<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Value, Error> {
        if self.state.wrappers >= MAX_DEPTH {
            return Err(ErrorKind::TooDeep { limit: MAX_DEPTH }.into());
        }
        self.state.wrappers += 1;
        let result = value.serialize(self.again());
        self.state.wrappers -= 1;
        result
    }

    /// The object `{variant: …}`, up to its value.
    fn variant(self, variant: &'static str) -> Result<Self, Error> {
        check_key(variant)?;
        let inner = self.descend(1)?;
        let key = string_len(variant) + ":".len();
        inner.state.meter.charge(key)?;
        Ok(inner)
    }

    /// Builds what lies one level deeper, in brackets that are paid for.
    fn descend(self, elements: usize) -> Result<Self, Error> {
        let depth = self.state.limits.descend(self.depth)?;
        self.state.meter.charge_brackets(elements)?;
        Ok(Self {
            state: self.state,
            depth,
        })
    }

    /// The same for a value beside this one.
    fn again(&mut self) -> ValueBuilder<'_> {
        ValueBuilder {
            state: &mut *self.state,
            depth: self.depth,
        }
    }
}

impl<'s> Serializer for ValueBuilder<'s> {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = ArrayBuilder<'s>;
    type SerializeTuple = ArrayBuilder<'s>;
    type SerializeTupleStruct = ArrayBuilder<'s>;
    type SerializeTupleVariant = ArrayBuilder<'s>;
    type SerializeMap = ObjectBuilder<'s>;
    type SerializeStruct = StructBuilder<'s>;
    type SerializeStructVariant = ObjectBuilder<'s>;

    fn serialize_bool(self, boolean: bool) -> Result<Value, Error> {
        self.leaf(if boolean { 4 } else { 5 }, boolean.into())
    }

    fn serialize_i8(self, integer: i8) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_i16(self, integer: i16) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_i32(self, integer: i32) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_i64(self, integer: i64) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_i128(self, integer: i128) -> Result<Value, Error> {
        self.wide_integer(integer)
    }

    fn serialize_u8(self, integer: u8) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_u16(self, integer: u16) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_u32(self, integer: u32) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_u64(self, integer: u64) -> Result<Value, Error> {
        self.number(integer.into())
    }

    fn serialize_u128(self, integer: u128) -> Result<Value, Error> {
        self.wide_integer(i128::try_from(integer).map_err(|_| ErrorKind::IntegerRange)?)
    }

    fn serialize_f32(self, float: f32) -> Result<Value, Error> {
        self.serialize_f64(float.into())
    }

    fn serialize_f64(self, float: f64) -> Result<Value, Error> {
        self.number(Number::try_from(float).map_err(|_| ErrorKind::NotFinite)?)
    }

    fn serialize_char(self, character: char) -> Result<Value, Error> {
        self.serialize_str(character.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, string: &str) -> Result<Value, Error> {
        self.state.meter.charge(string_len(string))?;
        Ok(string.into())
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Result<Value, Error> {
        self.collect_seq(bytes)
    }

    fn serialize_none(self) -> Result<Value, Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        self.wrapped(value)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        self.leaf("null".len(), Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<Value, Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        self.wrapped(value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        tagged(Some(variant), value.serialize(self.variant(variant)?)?)
    }

    // Lengths are hints from outside: no space is reserved for them.
    fn serialize_seq(self, _: Option<usize>) -> Result<ArrayBuilder<'s>, Error> {
        ArrayBuilder::new(self, None)
    }

    fn serialize_tuple(self, _: usize) -> Result<ArrayBuilder<'s>, Error> {
        ArrayBuilder::new(self, None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<ArrayBuilder<'s>, Error> {
        ArrayBuilder::new(self, None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ArrayBuilder<'s>, Error> {
        ArrayBuilder::new(self.variant(variant)?, Some(variant))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<ObjectBuilder<'s>, Error> {
        ObjectBuilder::new(self, None)
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<StructBuilder<'s>, Error> {
        StructBuilder::new(self, name)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<ObjectBuilder<'s>, Error> {
        ObjectBuilder::new(self.variant(variant)?, Some(variant))
    }
}
