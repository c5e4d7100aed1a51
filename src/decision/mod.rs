//! What was decided about a call, by which rule, and why.

mod code;
mod reason;
mod rule;
mod said;

use std::fmt;

pub use code::Code;
pub use reason::Reason;
pub use rule::{Rule, RuleRef};
pub use said::{AuditLevel, Effect};

pub(crate) use reason::{Detail, Got, HumanDuration, LimitFacts};

/// The answer to a call. A new outcome must break callers, so this is exhaustive on purpose.
///
/// Ordered by strictness: `Allow < Ask < Deny`. The strictest answer of all that apply wins.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The call may run.
    Allow(Reason),
    /// A person must approve this very call first.
    Ask(Reason),
    /// The call must not run.
    Deny(Reason),
}

impl Decision {
    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Allow(reason) | Self::Ask(reason) | Self::Deny(reason) => reason,
        }
    }

    /// The bare answer.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Allow(_) => Verdict::Allow,
            Self::Ask(_) => Verdict::Ask,
            Self::Deny(_) => Verdict::Deny,
        }
    }

    /// Whether the call may run.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.verdict(), self.reason())
    }
}

/// A [`Decision`] without its reason, ordered by strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The call may run.
    Allow,
    /// A person must approve it first.
    Ask,
    /// It must not run.
    Deny,
}

impl Verdict {
    pub(crate) const ALL: [Self; 3] = [Self::Allow, Self::Ask, Self::Deny];

    /// The word that policies, records and tools use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl serde::Serialize for Verdict {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for Verdict {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::ALL
            .into_iter()
            .find(|verdict| verdict.as_str() == word)
            .ok_or_else(|| serde::de::Error::custom("expected `allow`, `ask` or `deny`"))
    }
}
