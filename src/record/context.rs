//! Why an agent asked for a call.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::digest::{Digest, DigestKey};
use crate::text::Plain;

/// Why an agent asks for a call, as far as its host knows: the model, what it was asked, what else it thought of.
///
/// Attached to a session with [`Session::because`](crate::Session::because), it goes on record with every decision of
/// that session: as a keyed digest and, for permissions with the audit level `full`, as it is. It decides nothing.
///
/// ```
/// use portcullis::DecisionContext;
///
/// let why = DecisionContext::new()
///     .model("example-model-3")
///     .prompt("Pay the invoice of October.")
///     .rationale("the invoice is due today")
///     .alternative("ask the customer first")
///     .with("temperature", 0.2);
/// assert!(why.to_json().starts_with(r#"{"model":"example-model-3""#));
/// # // The values are shown only by `to_json`.
/// # assert!(!format!("{why:?}").contains("October"));
/// ```
#[derive(Clone, Default, PartialEq)]
#[must_use]
pub struct DecisionContext(Vec<(String, Value)>);

/// Where [`DecisionContext::alternative`] gathers.
const ALTERNATIVES: &str = "alternatives";

impl DecisionContext {
    /// The longest context, in bytes of its JSON.
    pub const MAX_LEN: usize = 1 << 20;

    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// The model that decided.
    pub fn model(self, model: impl Into<String>) -> Self {
        self.with("model", model.into())
    }

    /// What the model was asked, or a reference to it.
    pub fn prompt(self, prompt: impl Into<String>) -> Self {
        self.with("prompt", prompt.into())
    }

    /// What the model gave as its reason.
    pub fn rationale(self, rationale: impl Into<String>) -> Self {
        self.with("rationale", rationale.into())
    }

    /// Something that the model considered and did not do; may be repeated.
    pub fn alternative(mut self, alternative: impl Into<String>) -> Self {
        let alternative = Value::from(alternative.into());
        match self.0.iter_mut().find(|(key, _)| key == ALTERNATIVES) {
            Some((_, Value::Array(alternatives))) => {
                alternatives.push(alternative);
                self
            }
            _ => self.with(ALTERNATIVES, vec![alternative]),
        }
    }

    /// Something else worth knowing. A key that is there already gets this value.
    pub fn with(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => *known = value,
            None => self.0.push((key, value)),
        }
        self
    }

    /// One JSON object, its members in the order in which they were given first.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::from("{");
        for (index, (key, value)) in self.0.iter().enumerate() {
            if index > 0 {
                json.push(',');
            }
            json.push_str(&Value::from(key.as_str()).to_string());
            json.push(':');
            json.push_str(&value.to_string());
        }
        json.push('}');
        json
    }
}

/// Only what is known: prompts are nobody's business but the log's.
impl fmt::Debug for DecisionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.0.iter().map(|(key, _)| Plain(key));
        f.debug_tuple("DecisionContext")
            .field(&known.map(|key| key.to_string()).collect::<Vec<_>>())
            .finish()
    }
}

/// The context is longer than a log keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the context has {size} bytes as JSON; at most {} are kept",
    DecisionContext::MAX_LEN
)]
#[non_exhaustive]
pub struct ContextError {
    /// Its size.
    pub size: usize,
}

/// What tells these digests from others under the same key.
const USAGE: u8 = b'c';

/// A context as records carry it.
#[derive(Clone)]
pub(crate) struct Attached {
    pub(crate) json: Arc<str>,
    pub(crate) digest: Digest,
}

impl Attached {
    pub(crate) fn new(context: &DecisionContext, key: &DigestKey) -> Result<Self, ContextError> {
        let json = context.to_json();
        let size = json.len();
        if size > DecisionContext::MAX_LEN {
            return Err(ContextError { size });
        }
        let mut digest = key.text(USAGE);
        digest.update(json.as_bytes());
        Ok(Self {
            json: json.into(),
            digest: digest.finish(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_once_with_its_last_value() {
        let context = DecisionContext::new()
            .alternative("b")
            .with("model", 1)
            .alternative("c")
            .model("m\"");
        assert_eq!(
            context.to_json(),
            r#"{"alternatives":["b","c"],"model":"m\""}"#
        );
        let replaced = DecisionContext::new()
            .with("alternatives", 1)
            .alternative("b");
        assert_eq!(replaced.to_json(), r#"{"alternatives":["b"]}"#);
        assert_eq!(DecisionContext::new().to_json(), "{}");
    }

    #[test]
    fn one_that_is_too_long_is_not_attached() {
        let key = DigestKey::from_bytes(&[1; 32]);
        let of = |length: usize| {
            let context = DecisionContext::new().prompt("x".repeat(length));
            Attached::new(&context, &key)
        };
        let frame = r#"{"prompt":""}"#.len();
        let longest = DecisionContext::MAX_LEN - frame;
        assert!(of(longest).is_ok());
        let size = DecisionContext::MAX_LEN + 1;
        assert_eq!(of(longest + 1).map(|_| ()), Err(ContextError { size }));
        assert_ne!(of(1).unwrap().digest, of(2).unwrap().digest);
    }
}
