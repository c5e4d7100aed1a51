use std::sync::Arc;

use super::{IdError, text_type};

/// The identity of an agent: a SPIFFE ID, `spiffe://trust-domain/path`.
///
/// Parsed strictly by the SPIFFE-ID standard, sections 2.1 to 2.3, and compared byte for byte: nothing is
/// folded or normalised, so the text in a policy, a token and a log is the same text.
/// At most 2,048 bytes. The path may be empty, which names the trust domain itself.
///
/// ```
/// use portcullis::AgentId;
///
/// let id = AgentId::parse("spiffe://example.org/agent/reporter")?;
/// assert_eq!(id.trust_domain(), "example.org");
/// assert_eq!(id.path(), "/agent/reporter");
/// assert!(AgentId::parse("SPIFFE://example.org/agent/reporter").is_err());
/// assert!(AgentId::parse("spiffe://example.org/agent/../admin").is_err());
/// # Ok::<(), portcullis::IdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentId(Arc<str>);

text_type!(AgentId, AgentId::parse);

impl AgentId {
    /// The longest accepted ID in bytes (SPIFFE-ID, section 2.3).
    pub const MAX_LEN: usize = 2048;
    const SCHEME: &str = "spiffe://";

    /// Reads a SPIFFE ID.
    ///
    /// # Errors
    /// [`IdError`] says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() > Self::MAX_LEN {
            return Err(IdError::AgentTooLong);
        }
        let (domain, path) = split(text)?;
        check_trust_domain(domain)?;
        check_path(path)?;
        Ok(Self(text.into()))
    }

    /// The trust domain: the part between the scheme and the path.
    #[must_use]
    pub fn trust_domain(&self) -> &str {
        split(&self.0).map_or("", |(domain, _)| domain)
    }

    /// The path with its leading slash, or nothing.
    #[must_use]
    pub fn path(&self) -> &str {
        split(&self.0).map_or("", |(_, path)| path)
    }
}

/// One agent, or all agents below a path: `spiffe://example.org/agent/*`.
///
/// The wildcard stands for one or more whole segments, so `/agent/*` covers `/agent/a` and `/agent/a/b`,
/// but neither `/agent` nor `/agent-evil/a`.
///
/// ```
/// use portcullis::{AgentId, AgentPattern};
///
/// let pattern = AgentPattern::parse("spiffe://example.org/agent/*")?;
/// assert!(pattern.covers(&AgentId::parse("spiffe://example.org/agent/reporter")?));
/// assert!(!pattern.covers(&AgentId::parse("spiffe://example.org/agent-evil")?));
/// # Ok::<(), portcullis::IdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgentPattern(Arc<str>);

text_type!(AgentPattern, AgentPattern::parse);

impl AgentPattern {
    /// Reads a pattern: a SPIFFE ID whose last path segment may be `*`.
    ///
    /// # Errors
    /// [`IdError`] says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if text.len() > AgentId::MAX_LEN {
            return Err(IdError::AgentTooLong);
        }
        let fixed = text.strip_suffix("/*").unwrap_or(text);
        if fixed.contains('*') {
            return Err(IdError::Wildcard);
        }
        AgentId::parse(fixed)?;
        Ok(Self(text.into()))
    }

    /// Whether this pattern names `agent`.
    #[must_use]
    pub fn covers(&self, agent: &AgentId) -> bool {
        match self.0.strip_suffix('*') {
            // What is left ends in `/`, so only whole segments can follow.
            Some(prefix) => agent.0.starts_with(prefix),
            None => self.0 == agent.0,
        }
    }
}

impl From<AgentId> for AgentPattern {
    fn from(agent: AgentId) -> Self {
        Self(agent.0)
    }
}

/// Splits after the trust domain; the path keeps its leading slash.
fn split(text: &str) -> Result<(&str, &str), IdError> {
    let rest = text.strip_prefix(AgentId::SCHEME).ok_or(IdError::Scheme)?;
    let slash = rest.find('/').unwrap_or(rest.len());
    rest.split_at_checked(slash).ok_or(IdError::TrustDomain)
}

fn check_trust_domain(domain: &str) -> Result<(), IdError> {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    let valid = (1..=255).contains(&domain.len()) && domain.bytes().all(allowed);
    valid.then_some(()).ok_or(IdError::TrustDomain)
}

fn check_path(path: &str) -> Result<(), IdError> {
    let Some(segments) = path.strip_prefix('/') else {
        return Ok(());
    };
    segments.split('/').try_for_each(check_segment)
}

fn check_segment(segment: &str) -> Result<(), IdError> {
    let allowed =
        |byte: u8| matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    match segment {
        "" => Err(IdError::EmptySegment),
        "." | ".." => Err(IdError::DotSegment),
        _ if segment.bytes().all(allowed) => Ok(()),
        _ => Err(IdError::PathCharacter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_capped() {
        let longest = format!("spiffe://d/{}", "a".repeat(AgentId::MAX_LEN - 11));
        assert!(AgentId::parse(&longest).is_ok());
        assert_eq!(
            AgentId::parse(&format!("{longest}a")),
            Err(IdError::AgentTooLong)
        );
        assert!(AgentId::parse(&format!("spiffe://{}", "d".repeat(255))).is_ok());
        assert_eq!(
            AgentId::parse(&format!("spiffe://{}", "d".repeat(256))),
            Err(IdError::TrustDomain)
        );
    }

    #[test]
    fn dots_are_legal_only_inside_a_longer_segment() {
        for path in ["/.path", "/..path", "/...", "/a.b"] {
            assert!(
                AgentId::parse(&format!("spiffe://d{path}")).is_ok(),
                "{path}"
            );
        }
        for path in ["/.", "/..", "/a/./b", "/a/..", "/", "/a/", "//a"] {
            assert!(
                AgentId::parse(&format!("spiffe://d{path}")).is_err(),
                "{path}"
            );
        }
    }

    #[test]
    fn patterns_stop_at_segments() {
        let covers = |pattern: &str, id: &str| {
            AgentPattern::parse(pattern)
                .unwrap()
                .covers(&AgentId::parse(id).unwrap())
        };
        assert!(covers("spiffe://d/agent/*", "spiffe://d/agent/a/b"));
        assert!(!covers("spiffe://d/agent/*", "spiffe://d/agent"));
        assert!(!covers("spiffe://d/agent/*", "spiffe://d/agent-evil"));
        assert!(covers("spiffe://d/*", "spiffe://d/agent"));
        assert!(!covers("spiffe://d/*", "spiffe://d.evil/agent"));
        assert!(covers("spiffe://d/a", "spiffe://d/a"));
        assert!(!covers("spiffe://d/a", "spiffe://d/a/b"));
    }

    #[test]
    fn patterns_have_one_trailing_wildcard() {
        for bad in [
            "spiffe://*",
            "spiffe://d/*/a",
            "spiffe://d/a*",
            "spiffe://d/*/*",
            "spiffe://d/a/**",
            "*",
            "/*",
        ] {
            assert!(AgentPattern::parse(bad).is_err(), "{bad}");
        }
    }
}
