//! Who acts, for whom, on what task, with which tool: names that are valid because they exist.

mod agent;
mod principal;
mod tool;

pub use agent::{AgentId, AgentPattern};
pub use principal::{Caller, Principal, TaskId, UserId};
pub use tool::{ToolName, ToolPattern};

/// Why a piece of text is not the name it should be. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdError {
    /// A SPIFFE ID begins with the literal, lower-case scheme.
    #[error("an agent id must begin with `spiffe://`")]
    Scheme,
    /// The trust domain is missing or holds a character that it may not.
    #[error("a trust domain must be 1 to 255 characters out of `a-z 0-9 . _ -`")]
    TrustDomain,
    /// An empty path segment, which a trailing slash makes too.
    #[error("a path must not have an empty segment or end in `/`")]
    EmptySegment,
    /// A `.` or `..` segment.
    #[error("a path must not have a `.` or `..` segment")]
    DotSegment,
    /// A path character outside the SPIFFE set.
    #[error("a path segment must consist of `A-Z a-z 0-9 . _ -`")]
    PathCharacter,
    /// Agent patterns have one wildcard, as their last whole segment.
    #[error("`*` may stand only as the last segment of an agent pattern, as in `/agent/*`")]
    Wildcard,
    /// Over the length that the SPIFFE specification asks implementations to support.
    #[error("an agent id must have at most {} bytes", AgentId::MAX_LEN)]
    AgentTooLong,
    /// Tool names are short and plain, so that they can be shown and compared safely.
    #[error(
        "a tool name must be 1 to {} characters out of `A-Z a-z 0-9 _ . : / -`",
        ToolName::MAX_LEN
    )]
    ToolName,
    /// User and task ids are opaque, but bounded and printable.
    #[error(
        "a user or task id must be 1 to {} bytes without control characters",
        UserId::MAX_LEN
    )]
    Opaque,
}

/// Implements what every name type offers: text out, text in, serde both ways.
macro_rules! text_type {
    ($type:ident, $parse:path) => {
        impl $type {
            /// The name as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($type), "({:?})"), &*self.0)
            }
        }

        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $type {
            type Err = super::IdError;

            fn from_str(text: &str) -> Result<Self, super::IdError> {
                $parse(text)
            }
        }

        impl TryFrom<&str> for $type {
            type Error = super::IdError;

            fn try_from(text: &str) -> Result<Self, super::IdError> {
                $parse(text)
            }
        }

        impl TryFrom<String> for $type {
            type Error = super::IdError;

            fn try_from(text: String) -> Result<Self, super::IdError> {
                $parse(&text)
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text =
                    <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                $parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
use text_type;
