//! Taking a document apart with errors that point at the place.

mod document;
mod duration;
#[cfg(feature = "toml")]
mod toml;

use std::sync::Arc;

pub(crate) use document::{Format, read_again, read_file, read_text};
pub(crate) use duration::{duration_text, parse_duration};

use crate::error::{LoadError, LoadErrorKind, Place, Source};
use crate::json::{Kind, Member, Node, NodeValue, Number, Span};
use crate::text::{Plain, any_of_names, did_you_mean};

/// A document that is being read, for its places.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// `None` for a document that was built or deserialised, not parsed from text.
    pub(crate) source: Option<Arc<Source>>,
}

impl Reading {
    pub(crate) fn place(&self, span: Span) -> Option<Place> {
        let source = self.source.clone()?;
        Some(Place { source, span })
    }

    pub(crate) fn error(&self, span: Span, message: impl Into<String>) -> LoadError {
        LoadError::new(LoadErrorKind::Policy, message).at(self.place(span))
    }

    /// "expected a string, found an array".
    pub(crate) fn unexpected(&self, node: &Node, expected: &str) -> LoadError {
        self.error(
            node.span,
            format!("expected {expected}, found {}", with_article(node.kind())),
        )
    }

    /// The members of an object all of whose keys are known. `what` completes "unknown field `x` in ...".
    pub(crate) fn members<'n>(
        &self,
        node: &'n Node,
        what: &str,
        known: &[&str],
    ) -> Result<&'n [Member], LoadError> {
        let NodeValue::Object(members) = &node.value else {
            return Err(self.unexpected(node, what));
        };
        match members
            .iter()
            .find(|member| !known.contains(&member.key.as_str()))
        {
            Some(member) => Err(self.unknown_key(member, what, known)),
            None => Ok(members),
        }
    }

    pub(crate) fn unknown_key(&self, member: &Member, what: &str, known: &[&str]) -> LoadError {
        let error = self.error(
            member.key_span,
            format!("unknown field `{}` in {what}", Plain(&member.key)),
        );
        match did_you_mean(&member.key, known.iter().copied()) {
            Some(known) => error.help(format!("did you mean `{known}`?")),
            None => error.help(format!(
                "the fields are {}",
                any_of_names(known.iter().copied())
            )),
        }
    }

    pub(crate) fn string<'n>(&self, node: &'n Node) -> Result<&'n str, LoadError> {
        match &node.value {
            NodeValue::String(text) => Ok(text),
            _ => Err(self.unexpected(node, "a string")),
        }
    }

    pub(crate) fn boolean(&self, node: &Node) -> Result<bool, LoadError> {
        match node.value {
            NodeValue::Bool(value) => Ok(value),
            _ => Err(self.unexpected(node, "`true` or `false`")),
        }
    }

    pub(crate) fn number(&self, node: &Node) -> Result<Number, LoadError> {
        match node.value {
            NodeValue::Number(number) => Ok(number),
            _ => Err(self.unexpected(node, "a number")),
        }
    }

    /// A count: an integer from 0.
    pub(crate) fn count(&self, node: &Node) -> Result<u64, LoadError> {
        match node.value {
            NodeValue::Number(number) => number
                .as_u64()
                .ok_or_else(|| self.error(node.span, "expected an integer from 0")),
            _ => Err(self.unexpected(node, "an integer from 0")),
        }
    }

    pub(crate) fn list<'n>(&self, node: &'n Node, what: &str) -> Result<&'n [Node], LoadError> {
        match &node.value {
            NodeValue::Array(elements) => Ok(elements),
            _ => Err(self.unexpected(node, what)),
        }
    }

    /// One of a few words.
    pub(crate) fn word<T: Copy>(&self, node: &Node, words: &[(&str, T)]) -> Result<T, LoadError> {
        let text = self.string(node)?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let known = || words.iter().map(|(word, _)| *word);
        let message = format!("`{}` is not {}", Plain(text), any_of_names(known()));
        let error = self.error(node.span, message);
        Err(match did_you_mean(text, known()) {
            Some(word) => error.help(format!("did you mean `{word}`?")),
            None => error,
        })
    }
}

fn with_article(kind: Kind) -> String {
    match kind {
        Kind::Null => "null".to_owned(),
        Kind::Integer | Kind::Array | Kind::Object => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}
