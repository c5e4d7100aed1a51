//! What is done about behaviour out of the ordinary.

use std::fmt;

use super::snapshot::{Input, Stored};

/// What a [`Monitor`](super::Monitor) does about an alert, where its [policy](super::MonitorPolicy) says so. Every response only
/// tightens: none allows what the policies of the agent deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Response {
    /// Nothing but telling the alert, as happens with every one.
    Notify,
    /// Calls of the agent need the approval of a person for a time.
    StepUp,
    /// Sessions that are open make no more calls: the agent has to open a new one, with its credential.
    Reauthenticate,
    /// The agent makes at most so many calls a minute for a time.
    Throttle,
    /// The tool, or the path to another agent, is closed for a time. Then one call is let through to try it: if that ends well,
    /// it is open again, and if not, closed for twice as long. Of a path over several agents that is the step that is new,
    /// whoever took it.
    CircuitBreak,
    /// The credentials of the agent are withdrawn, and its open sessions make no more calls.
    Revoke,
    /// The agent gets new credentials.
    Rotate,
    /// The agent is shut out, everywhere and until a person lets it back in. It takes alerts of two kinds that do not come from
    /// the same cause, since whoever can make one alert could else shut anyone out; what a tool can bring about by itself, by
    /// what it returns and how soon, is neither of them.
    Quarantine,
}

impl Response {
    pub(super) const ALL: [Self; 8] = [
        Self::Notify,
        Self::StepUp,
        Self::Reauthenticate,
        Self::Throttle,
        Self::CircuitBreak,
        Self::Revoke,
        Self::Rotate,
        Self::Quarantine,
    ];

    /// As policies and records write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::StepUp => "step_up",
            Self::Reauthenticate => "reauthenticate",
            Self::Throttle => "throttle",
            Self::CircuitBreak => "circuit_break",
            Self::Revoke => "revoke",
            Self::Rotate => "rotate",
            Self::Quarantine => "quarantine",
        }
    }

    /// Whether it ends by itself.
    pub(super) const fn lasts(self) -> bool {
        matches!(self, Self::StepUp | Self::Throttle | Self::CircuitBreak)
    }

    /// Whether what was learned may lead to it by itself.
    pub(super) const fn is_mild(self) -> bool {
        matches!(self, Self::Notify | Self::StepUp)
    }
}

impl Stored for Response {
    fn store(&self, out: &mut Vec<u8>) {
        (*self as u8).store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        Self::ALL.get(usize::from(u8::load(input)?)).copied()
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
