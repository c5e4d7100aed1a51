use std::borrow::Cow;

use super::node::{Member, Node, NodeValue, Span};
use super::number::Number;
use super::object::{Entry, Object};
use super::value::Value;

/// What the reader builds.
pub(super) trait Tree: Sized {
    type Entry;

    fn leaf(leaf: Leaf<'_>, span: Span) -> Self;
    fn array(elements: Vec<Self>, span: Span) -> Self;
    fn entry(key: Cow<'_, str>, key_span: Span, value: Self) -> Self::Entry;
    fn object(entries: Vec<Self::Entry>, span: Span) -> Result<Self, Duplicate>;
}

pub(super) enum Leaf<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
}

/// A key stands twice in an object.
pub(super) enum Duplicate {
    /// The offset of the first key that repeats one before it.
    At(usize),
    /// The tree keeps no places.
    Somewhere,
}

impl Tree for Value {
    type Entry = Entry;

    fn leaf(leaf: Leaf<'_>, _: Span) -> Self {
        match leaf {
            Leaf::Null => Self::Null,
            Leaf::Bool(boolean) => Self::Bool(boolean),
            Leaf::Number(number) => Self::Number(number),
            Leaf::String(string) => Self::String(string.into_owned()),
        }
    }

    fn array(elements: Vec<Self>, _: Span) -> Self {
        Self::Array(elements)
    }

    fn entry(key: Cow<'_, str>, _: Span, value: Self) -> Entry {
        (key.into(), value)
    }

    fn object(entries: Vec<Entry>, _: Span) -> Result<Self, Duplicate> {
        Object::from_checked(entries)
            .map(Self::Object)
            .map_err(|_| Duplicate::Somewhere)
    }
}

impl Tree for Node {
    type Entry = Member;

    fn leaf(leaf: Leaf<'_>, span: Span) -> Self {
        let value = match leaf {
            Leaf::Null => NodeValue::Null,
            Leaf::Bool(boolean) => NodeValue::Bool(boolean),
            Leaf::Number(number) => NodeValue::Number(number),
            Leaf::String(string) => NodeValue::String(string.into_owned()),
        };
        Self { span, value }
    }

    fn array(elements: Vec<Self>, span: Span) -> Self {
        let value = NodeValue::Array(elements);
        Self { span, value }
    }

    fn entry(key: Cow<'_, str>, key_span: Span, value: Self) -> Member {
        let key = key.into_owned();
        Member {
            key,
            key_span,
            value,
        }
    }

    fn object(members: Vec<Member>, span: Span) -> Result<Self, Duplicate> {
        match first_repeat(&members) {
            Some(offset) => Err(Duplicate::At(offset)),
            None => {
                let value = NodeValue::Object(members);
                Ok(Self { span, value })
            }
        }
    }
}

/// Where the first key stands that repeats one before it.
fn first_repeat(members: &[Member]) -> Option<usize> {
    let mut keys: Vec<_> = members
        .iter()
        .map(|member| (member.key.as_str(), member.key_span.start))
        .collect();
    keys.sort_unstable();
    keys.iter()
        .zip(keys.iter().skip(1))
        .filter(|((a, _), (b, _))| a == b)
        .filter_map(|(_, (_, start))| usize::try_from(*start).ok())
        .min()
}
