//! Where the parts of a policy are written.
//!
//! A policy keeps few places, since every call pays for what it carries. The linter is in no hurry: it reads the text
//! once more and walks document and policy side by side.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::Source;
use crate::json::{Node, NodeValue, Span};
use crate::reading::read_again;

/// The document behind a policy; empty for one that was built in code.
#[derive(Default)]
pub(super) struct Outline(Option<Node>);

/// A place in the document, and what stands there. Nowhere for what was built in code.
#[derive(Clone, Copy, Default)]
pub(super) struct Spot<'n> {
    span: Option<Span>,
    node: Option<&'n Node>,
}

impl Outline {
    pub(super) fn of(source: &Arc<Source>) -> Self {
        Self(read_again(source))
    }

    /// Where each permission is written, by its tool name, which stands only once in a policy.
    pub(super) fn permissions(&self) -> HashMap<&str, Spot<'_>> {
        let document = Spot::at(self.0.as_ref());
        let list = document.key("permissions").elements();
        list.iter()
            .filter_map(|node| {
                let spot = Spot::at(Some(node));
                Some((spot.key("tool_name").text()?, spot))
            })
            .collect()
    }
}

impl<'n> Spot<'n> {
    fn at(node: Option<&'n Node>) -> Self {
        Self {
            span: node.map(|node| node.span),
            node,
        }
    }

    pub(super) fn span(self) -> Option<Span> {
        self.span
    }

    /// The value under a key; where there is none, the place of what should hold it.
    pub(super) fn key(self, key: &str) -> Self {
        self.inner(self.member(key).map(|member| Self::at(Some(&member.value))))
    }

    /// As [`key`](Self::key), pointing at the key itself.
    pub(super) fn name(self, key: &str) -> Self {
        self.inner(self.member(key).map(|member| Self {
            span: Some(member.key_span),
            node: Some(&member.value),
        }))
    }

    /// An element of a list.
    pub(super) fn element(self, index: usize) -> Self {
        let node = self.elements().get(index);
        self.inner(node.map(|node| Self::at(Some(node))))
    }

    /// A constraint that is written as a bare list has no keys: the list stands for its only check.
    pub(super) fn check(self, key: &str) -> Self {
        match self.node.map(|node| &node.value) {
            Some(NodeValue::Array(_)) => Self::at(self.node),
            _ => self.key(key),
        }
    }

    fn inner(self, found: Option<Self>) -> Self {
        found.unwrap_or(Self {
            span: self.span,
            node: None,
        })
    }

    fn member(self, key: &str) -> Option<&'n crate::json::Member> {
        match &self.node?.value {
            NodeValue::Object(members) => members.iter().find(|member| member.key == key),
            _ => None,
        }
    }

    fn elements(self) -> &'n [Node] {
        match self.node.map(|node| &node.value) {
            Some(NodeValue::Array(elements)) => elements,
            _ => &[],
        }
    }

    fn text(self) -> Option<&'n str> {
        match &self.node?.value {
            NodeValue::String(text) => Some(text),
            _ => None,
        }
    }
}
