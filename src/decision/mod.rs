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

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        })
    }
}
