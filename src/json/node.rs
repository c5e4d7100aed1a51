use std::fmt;

use super::error::{Error, ErrorKind};
use super::kind::Kind;
use super::limits::{Limits, MAX_DEPTH};
use super::number::Number;
use super::object::{Object, check_key};
use super::value::Value;

/// A value with its place in the text, members in document order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: NodeValue,
}

/// What stands at a [`Node`]. `Debug` shows kinds and lengths, never contents.
#[derive(Clone, PartialEq)]
pub(crate) enum NodeValue {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<Member>),
}

/// A member of an object. `Debug` leaves the key out.
#[derive(Clone, PartialEq)]
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

/// A stretch of text, in bytes from its start; quotes belong to a string's span.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// Offsets beyond 32 bits become the largest; the reader refuses such texts.
    pub(super) fn new(start: usize, end: usize) -> Self {
        let narrow = |offset| u32::try_from(offset).unwrap_or(u32::MAX);
        Self {
            start: narrow(start),
            end: narrow(end),
        }
    }
}

impl Node {
    pub(crate) fn kind(&self) -> Kind {
        match &self.value {
            NodeValue::Null => Kind::Null,
            NodeValue::Bool(_) => Kind::Boolean,
            NodeValue::Number(number) => number.kind(),
            NodeValue::String(_) => Kind::String,
            NodeValue::Array(_) => Kind::Array,
            NodeValue::Object(_) => Kind::Object,
        }
    }

    /// The value without its places. A node that the reader made yields one; another may have a duplicate or reserved
    /// key, or lie more than 128 levels deep.
    pub(crate) fn to_value(&self) -> Result<Value, Error> {
        let limits = Limits {
            max_depth: MAX_DEPTH,
            max_bytes: usize::MAX,
        };
        Ok(self.to_value_at(0, &limits)?)
    }

    fn to_value_at(&self, depth: usize, limits: &Limits) -> Result<Value, ErrorKind> {
        Ok(match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Bool(boolean) => (*boolean).into(),
            NodeValue::Number(number) => (*number).into(),
            NodeValue::String(string) => string.as_str().into(),
            NodeValue::Array(elements) => {
                let depth = limits.descend(depth)?;
                let value = |node: &Node| node.to_value_at(depth, limits);
                Value::Array(elements.iter().map(value).collect::<Result<_, _>>()?)
            }
            NodeValue::Object(members) => {
                let depth = limits.descend(depth)?;
                let entry = |member: &Member| {
                    check_key(&member.key)?;
                    let value = member.value.to_value_at(depth, limits)?;
                    Ok((member.key.as_str().into(), value))
                };
                let entries = members
                    .iter()
                    .map(entry)
                    .collect::<Result<_, ErrorKind>>()?;
                Object::from_checked(entries)?.into()
            }
        })
    }
}

impl fmt::Debug for NodeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(_) => f.write_str("boolean"),
            Self::Number(number) => number.fmt(f),
            Self::String(string) => write!(f, "string({})", string.chars().count()),
            Self::Array(elements) => write!(f, "array({})", elements.len()),
            Self::Object(members) => write!(f, "object({})", members.len()),
        }
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member")
            .field("key_span", &self.key_span)
            .field("value", &self.value)
            .finish_non_exhaustive()
    }
}
