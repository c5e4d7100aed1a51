//! Threat intelligence: what must not be called, whatever any policy says.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::call::Arguments;
use crate::digest::Digest;
use crate::ids::{AgentId, AgentPattern};
use crate::json::View;

/// Indicators of compromise that always win: agents, destinations, and exact calls.
///
/// A host swaps in a new list with [`Guard::set_indicators`](crate::Guard::set_indicators) while calls go on.
///
/// A destination is a host name or an IP address. It matches where it, or a name below it, stands in any string of
/// the arguments, at any depth, bare or inside a URL, an e-mail address or a sentence; ASCII case does not matter.
/// It is a net, not a wall: a name that is encoded, split, written in another form or hidden behind a redirect passes. What an agent may
/// reach is for constraints to say. List a name in its Unicode and in its `xn--` form.
///
/// ```
/// use portcullis::Indicators;
///
/// let indicators = Indicators::new().destination("evil.example")?.destination("203.0.113.7")?;
/// # Ok::<(), portcullis::IndicatorError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Indicators {
    agents: Vec<AgentPattern>,
    names: HashSet<Box<str>>,
    /// Bytes of the longest name.
    longest: usize,
    addresses: HashSet<IpAddr>,
    calls: HashSet<Digest>,
}

/// A destination is neither a host name nor an IP address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a destination is a host name of letters, digits, `-`, `_` and dots, or an IP address")]
pub struct IndicatorError;

/// What matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    Agent,
    Destination,
    Call,
}

impl Hit {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Agent => "the agent is on the deny list",
            Self::Destination => "an argument names a destination on the deny list",
            Self::Call => "this very call is on the deny list",
        }
    }
}

impl Indicators {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Denies every call of an agent, or of all agents below a path.
    #[must_use]
    pub fn agent(mut self, agent: impl Into<AgentPattern>) -> Self {
        self.agents.push(agent.into());
        self
    }

    /// Denies calls that name this host or address, or a host below it.
    ///
    /// # Errors
    /// [`IndicatorError`] if the text is neither.
    pub fn destination(mut self, destination: &str) -> Result<Self, IndicatorError> {
        if let Ok(address) = destination.parse::<IpAddr>() {
            self.addresses.insert(address.to_canonical());
            return Ok(self);
        }
        let name = destination
            .strip_suffix('.')
            .unwrap_or(destination)
            .to_lowercase();
        let valid = !name.is_empty()
            && name.len() <= MAX_NAME
            && name.split('.').all(|label| !label.is_empty())
            && name.chars().all(is_name_char);
        if !valid {
            return Err(IndicatorError);
        }
        self.longest = self.longest.max(name.len());
        self.names.insert(name.into());
        Ok(self)
    }

    /// Denies one exact call, by its [`Call::digest`](crate::Call::digest).
    #[must_use]
    pub fn call(mut self, digest: Digest) -> Self {
        self.calls.insert(digest);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.calls.is_empty() && !self.names_destinations()
    }

    fn names_destinations(&self) -> bool {
        !self.names.is_empty() || !self.addresses.is_empty()
    }

    pub(crate) fn covers_agent(&self, agent: &AgentId) -> bool {
        self.agents.iter().any(|pattern| pattern.covers(agent))
    }

    /// What this call matches. The digest is only worked out if some exact call is listed.
    pub(crate) fn hit(
        &self,
        agent: &AgentId,
        arguments: Arguments<'_>,
        digest: impl FnOnce() -> Digest,
    ) -> Option<Hit> {
        if self.covers_agent(agent) {
            return Some(Hit::Agent);
        }
        if self.names_destinations()
            && arguments
                .iter()
                .any(|(name, view)| self.in_text(name) || self.inside(view))
        {
            return Some(Hit::Destination);
        }
        (!self.calls.is_empty() && self.calls.contains(&digest())).then_some(Hit::Call)
    }

    fn inside(&self, view: View<'_>) -> bool {
        match view {
            View::String(text) => self.in_text(text),
            View::Array(elements) => (0..elements.len()).any(|index| {
                elements
                    .element(index)
                    .is_some_and(|element| self.inside(element))
            }),
            View::Object(object) => object
                .iter()
                .any(|(key, value)| self.in_text(key) || self.inside(value.view())),
            _ => false,
        }
    }

    /// Takes the text apart at everything that cannot be in a host name or an address. A word of any script may be a
    /// name, and so may its ASCII parts: a sentence need not have spaces.
    fn in_text(&self, text: &str) -> bool {
        let named = !self.names.is_empty()
            && (text
                .split(|character| !is_name_char(character))
                .any(|word| self.is_named(word))
                || !text.is_ascii()
                    && text
                        .split(|character: char| !is_ascii_name_char(character))
                        .any(|word| self.is_named(word)));
        let addressed = || {
            text.split(|character: char| !is_address_char(character))
                .any(|word| self.is_address(word))
                || text
                    .split(|character: char| !is_ipv4_char(character))
                    .any(|word| self.is_address(word))
        };
        named || (!self.addresses.is_empty() && addressed())
    }

    fn is_named(&self, word: &str) -> bool {
        let word = word.trim_matches(['.', '-', '_']);
        // No listed name is longer, so that a word of a mebibyte costs no more than its end. Lower case may have other
        // lengths; twice is enough.
        let word_end = self.longest.saturating_mul(2);
        let start = (word.len().saturating_sub(word_end)..=word.len())
            .find(|at| word.is_char_boundary(*at));
        let word = start
            .and_then(|start| word.get(start..))
            .unwrap_or("")
            .to_lowercase();
        let mut rest = word.as_str();
        loop {
            if self.names.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, parent)) => rest = parent,
                None => return false,
            }
        }
    }

    fn is_address(&self, word: &str) -> bool {
        let is = |text: &str| {
            text.parse::<IpAddr>()
                .is_ok_and(|ip| self.addresses.contains(&ip.to_canonical()))
        };
        // The longest form has 45 characters; some room for a port and punctuation.
        if !(2..=64).contains(&word.len()) {
            return false;
        }
        // A port may follow an IPv4 address, and a full stop either.
        let word = word.trim_matches('.');
        is(word)
            || word.split_once(':').is_some_and(|(address, _)| is(address))
            || is(word.trim_end_matches(':'))
    }
}

/// Bytes that the longest listed name may have, whatever its script.
const MAX_NAME: usize = 1024;

fn is_ascii_name_char(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn is_ipv4_char(character: char) -> bool {
    character.is_ascii_digit() || character == '.'
}

/// Letters of other scripts count, since a name may be written in them.
fn is_name_char(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '-' | '_' | '.')
}

fn is_address_char(character: char) -> bool {
    character.is_ascii_hexdigit() || matches!(character, ':' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Args;

    fn hits(indicators: &Indicators, json: &str) -> bool {
        let agent = AgentId::parse("spiffe://example.org/a").unwrap();
        let args = Args::parse(json).unwrap();
        indicators
            .hit(&agent, args.view(), || Digest::from([0; 32]))
            .is_some()
    }

    #[test]
    fn destinations_are_found_wherever_they_stand() {
        let list = Indicators::new()
            .destination("evil.example")
            .and_then(|list| list.destination("203.0.113.7"))
            .and_then(|list| list.destination("2001:db8::1"))
            .unwrap();
        for text in [
            r#"{"to": "evil.example"}"#,
            r#"{"to": "x@mail.EVIL.example"}"#,
            r#"{"body": ["see https://evil.example:8443/a?b=c."]}"#,
            r#"{"body": {"evil.example": 1}}"#,
            r#"{"url": "http://user@203.0.113.7:80/"}"#,
            r#"{"url": "203.0.113.7."}"#,
            r#"{"url": "http://[2001:db8:0::1]/"}"#,
            r#"{"url": "http://[::ffff:203.0.113.7]/"}"#,
            r#"{"host": "evil.example."}"#,
            r#"{"text": "请访问evil.example看看"}"#,
            r#"{"text": "_evil.example_"}"#,
            r#"{"text": "ssh -L 8080:203.0.113.7:80 host"}"#,
            r#"{"text": "interface:203.0.113.7"}"#,
        ] {
            assert!(hits(&list, text), "{text}");
        }
        for text in [
            r#"{"to": "devil.example"}"#,
            r#"{"to": "evil.example.org"}"#,
            r#"{"to": "203.0.113.70"}"#,
            r#"{"to": 5}"#,
        ] {
            assert!(!hits(&list, text), "{text}");
        }
    }

    #[test]
    fn a_word_without_end_costs_no_more_than_its_end() {
        let list = Indicators::new().destination("evil.example").unwrap();
        let long = format!(r#"{{"text": "{}evil.example"}}"#, "a.".repeat(400_000));
        assert!(hits(&list, &long));
    }

    #[test]
    fn only_names_and_addresses_are_destinations() {
        for text in ["", ".", "a b", "http://a", "a..b", "user@a", "a/b"] {
            assert!(Indicators::new().destination(text).is_err(), "{text:?}");
        }
    }
}
