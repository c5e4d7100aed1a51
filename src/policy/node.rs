//! A document tree out of any serde format.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor,
};

use crate::json::{Limits, Member, Node, NodeValue, Number, Span};

/// The key under which `serde_json` hands over a number while some crate switches its `arbitrary_precision` on.
const SERDE_JSON_NUMBER: &str = "$serde_json::private::Number";

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
    Tree {
        depth: Limits::default().max_depth,
    }
    .deserialize(deserializer)
}

/// Builds a tree of at most this many more levels.
#[derive(Clone, Copy)]
struct Tree {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Tree {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Tree {
    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self
            .depth
            .checked_sub(1)
            .ok_or_else(|| E::custom("the policy is nested too deeply"))?;
        Ok(Self { depth })
    }
}

impl<'de> Visitor<'de> for Tree {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a policy document")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(node(NodeValue::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(node(NodeValue::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(node(NodeValue::Number(value.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        let number = Number::try_from(value).map_err(E::custom)?;
        Ok(node(NodeValue::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(node(NodeValue::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(node(NodeValue::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(node(NodeValue::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
        let inside = self.inside()?;
        let mut elements = Vec::new();
        while let Some(element) = sequence.next_element_seed(inside)? {
            elements.push(element);
        }
        Ok(node(NodeValue::Array(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let inside = self.inside()?;
        let mut members: Vec<Member> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        while let Some(key) = map.next_key::<Key>()? {
            let Key(key) = key;
            if key == SERDE_JSON_NUMBER {
                return number_in_disguise(&mut map);
            }
            if !seen.insert(key.clone()) {
                return Err(A::Error::custom(format!(
                    "the key `{}` stands twice",
                    crate::text::Plain(&key)
                )));
            }
            let value = map.next_value_seed(inside)?;
            members.push(Member {
                key,
                key_span: Span::default(),
                value,
            });
        }
        Ok(node(NodeValue::Object(members)))
    }
}

/// Reads the number's own text by the rules that hold for every number.
fn number_in_disguise<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Node, A::Error> {
    let Key(text) = map.next_value::<Key>()?;
    let node = crate::json::parse_node(&text, &Limits::default()).map_err(A::Error::custom)?;
    match node.value {
        NodeValue::Number(_) => Ok(node),
        _ => Err(A::Error::custom("a number is not a number")),
    }
}

/// An owned string; formats differ in whether they can lend one.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

fn node(value: NodeValue) -> Node {
    Node {
        span: Span::default(),
        value,
    }
}
