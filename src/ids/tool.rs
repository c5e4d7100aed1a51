use std::sync::Arc;

use super::{IdError, text_type};

/// The name of a tool: 1 to 128 characters out of `A-Z a-z 0-9 _ . : / -`.
///
/// ```
/// use portcullis::ToolName;
///
/// assert!(ToolName::parse("files/read_text").is_ok());
/// assert!(ToolName::parse("read file").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolName(Arc<str>);

text_type!(ToolName, ToolName::parse);

impl ToolName {
    /// The longest accepted name in bytes.
    pub const MAX_LEN: usize = 128;

    /// Reads a tool name.
    ///
    /// # Errors
    /// [`IdError::ToolName`] if it is empty, too long or holds any other character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        Self::check(text).map(|()| Self(text.into()))
    }

    /// Whether `text` could be a tool name, without building one.
    pub(crate) fn check(text: &str) -> Result<(), IdError> {
        let valid = (1..=Self::MAX_LEN).contains(&text.len()) && text.bytes().all(is_name_byte);
        valid.then_some(()).ok_or(IdError::ToolName)
    }
}

/// A tool name in which `*` stands for any run of name characters, also none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ToolPattern(Arc<str>);

text_type!(ToolPattern, ToolPattern::parse);

impl ToolPattern {
    /// Reads a tool name or pattern.
    ///
    /// # Errors
    /// [`IdError::ToolName`] if it is empty, too long or holds any other character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let valid = (1..=ToolName::MAX_LEN).contains(&text.len())
            && text.bytes().all(|byte| byte == b'*' || is_name_byte(byte));
        valid.then(|| Self(text.into())).ok_or(IdError::ToolName)
    }

    pub(crate) fn shared(&self) -> Arc<str> {
        Arc::clone(&self.0)
    }

    /// Whether this is a plain name, without a wildcard.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.0.contains('*')
    }

    /// Whether the pattern matches the whole of `name`.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        wildcard_match(self.0.as_bytes(), name.as_bytes())
    }
}

fn is_name_byte(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b':' | b'/' | b'-')
}

/// Greedy match with one point of return. Both sides have at most 128 bytes, which bounds the work.
fn wildcard_match(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while let Some(&byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, n));
                p += 1;
            }
            Some(&expected) if expected == byte => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((star, taken)) = last_star else {
                    return false;
                };
                last_star = Some((star, taken + 1));
                p = star + 1;
                n = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(pattern: &[u8], name: &[u8]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some((b'*', rest)) => (0..=name.len()).any(|skip| naive(rest, &name[skip..])),
            Some((first, rest)) => name
                .split_first()
                .is_some_and(|(n, tail)| n == first && naive(rest, tail)),
        }
    }

    proptest! {
        #[test]
        fn wildcard_agrees_with_the_definition(pattern in "[ab*]{0,8}", name in "[ab]{0,10}") {
            prop_assert_eq!(
                wildcard_match(pattern.as_bytes(), name.as_bytes()),
                naive(pattern.as_bytes(), name.as_bytes())
            );
        }
    }

    #[test]
    fn names_are_plain_and_bounded() {
        assert!(ToolName::parse(&"a".repeat(128)).is_ok());
        for bad in ["", "a b", "a*", "é", "a\n", "a\u{202e}b", &"a".repeat(129)] {
            assert!(ToolName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
