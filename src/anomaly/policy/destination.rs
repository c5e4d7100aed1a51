//! Where an agent is expected to send things.

/// A host name, or all names below one: `api.example.com`, `*.example.org`. ASCII, lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::anomaly) enum DestinationPattern {
    Exact(Box<str>),
    /// With its leading dot.
    Below(Box<str>),
}

impl DestinationPattern {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let (name, is_below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if name.len() > MAX_NAME || !name.split('.').all(is_label) {
            return None;
        }
        Some(if is_below {
            Self::Below(format!(".{name}").into())
        } else {
            Self::Exact(name.into())
        })
    }

    /// Whether it names a host, which may be in any case.
    pub(in crate::anomaly) fn covers(&self, host: &str) -> bool {
        match self {
            Self::Exact(name) => host.eq_ignore_ascii_case(name),
            Self::Below(suffix) => host
                .len()
                .checked_sub(suffix.len())
                .filter(|at| *at > 0)
                .and_then(|at| host.get(at..))
                .is_some_and(|end| end.eq_ignore_ascii_case(suffix)),
        }
    }
}

/// Of a host name (RFC 1035, section 2.3.4).
const MAX_NAME: usize = 253;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_whole_labels() {
        let covers =
            |pattern: &str, host: &str| DestinationPattern::parse(pattern).unwrap().covers(host);
        assert!(covers("api.example.com", "API.example.com"));
        assert!(!covers("api.example.com", "x.api.example.com"));
        assert!(!covers("api.example.com", "api.example.com.evil.net"));
        assert!(covers("*.Example.org", "a.b.example.ORG"));
        assert!(!covers("*.example.org", "example.org"));
        assert!(!covers("*.example.org", ".example.org"));
        assert!(!covers("*.example.org", "devilexample.org"));
        assert!(!covers("*.example.org", "é.org"));
        assert!(covers("203.0.113.7", "203.0.113.7"));
    }

    #[test]
    fn only_names_are_patterns() {
        for text in [
            "", "*", "*.", "a..b", ".a", "a.", "http://a", "a:80", "a/b", "*.*.a", "a*b", "é.org",
        ] {
            assert_eq!(DestinationPattern::parse(text), None, "{text:?}");
        }
    }
}
