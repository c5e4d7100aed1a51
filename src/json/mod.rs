//! JSON, read once and strictly.
//!
//! A gate that checks one reading of a text while the tool acts on another checks nothing. This module therefore
//! refuses whatever two readers may understand differently: duplicate keys, numbers that would be rounded, lone
//! surrogates, keys to which `serde_json` gives a private meaning. What remains has one meaning, and [`Value`] holds it
//! exactly: integers and floats are different kinds, and objects are equal whatever order their members were written in.
//!
//! Source: [RFC 8259](https://www.rfc-editor.org/rfc/rfc8259); the stricter profile follows the concerns of
//! [RFC 7493](https://www.rfc-editor.org/rfc/rfc7493) (I-JSON), except that integers keep all 64 bits.

mod convert;
mod decimal;
mod error;
mod kind;
mod limits;
mod node;
mod number;
mod object;
mod reader;
mod serializer;
mod tree;
mod value;
mod view;
mod write;

#[cfg(test)]
mod tests;

pub use error::{Error, ErrorKind};
pub use kind::Kind;
pub use limits::Limits;
pub(crate) use node::{Member, Node, NodeValue, Span};
pub use number::{NotFinite, Number};
pub use object::Object;
pub(crate) use object::check_key;
pub use serializer::from_serialize;
pub use value::Value;
pub use view::{Elements, View};

/// Reads one JSON text.
///
/// Time and memory are linear in the text, but for sorting the members of its objects.
///
/// # Errors
/// Whatever is not RFC 8259; and, stricter than that: a duplicate key at any depth (compared after unescaping), a key
/// that starts with `$serde_json::private::`, an integer that fits neither `i64` nor `u64`, a float whose `f64` no
/// longer means the decimal that was written, a text deeper or longer than `limits`. The error tells the place.
///
/// # Examples
/// ```
/// use portcullis::json::{self, ErrorKind, Limits, Value};
///
/// let value = json::parse(r#"{"symbol": "NVDA", "depth": 5}"#, &Limits::default())?;
/// let object = value.as_object().unwrap();
/// assert_eq!(object.get("depth"), Some(&Value::from(5)));
///
/// let error = json::parse(r#"{"path": "a", "path": "b"}"#, &Limits::default()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::DuplicateKey);
/// assert_eq!(error.to_string(), "duplicate key at line 1 column 15");
/// # Ok::<(), json::Error>(())
/// ```
pub fn parse(text: &str, limits: &Limits) -> Result<Value, Error> {
    reader::read(text, limits)
}

/// Reads one JSON text from bytes, which must be UTF-8 without a byte order mark.
///
/// # Errors
/// As [`parse`]; and [`ErrorKind::InvalidUtf8`] at the first byte that is not UTF-8.
pub fn parse_bytes(bytes: &[u8], limits: &Limits) -> Result<Value, Error> {
    limits.check_text(bytes.len())?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Error::at(ErrorKind::InvalidUtf8, bytes, error.valid_up_to()))?;
    parse(text, limits)
}

/// Reads one JSON text by the same rules, keeping the place of every value and the order of members.
pub(crate) fn parse_node(text: &str, limits: &Limits) -> Result<Node, Error> {
    reader::read(text, limits)
}
