//! Whether an edge is expected.

use super::endpoint::Endpoint;
use crate::anomaly::policy::{ExpectedPath, MonitorPolicy};
use crate::ids::AgentId;

/// Whether an edge is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Expectation {
    /// Nothing was declared that it could be held against.
    Undeclared,
    /// A declared path leads to the agent; a policy names the tool; the destination is declared.
    Expected,
    /// Paths are declared, and none leads there; no policy of the agent names the tool, going by the last decision about it;
    /// destinations are declared, and this is none of them.
    Unexpected,
}

impl Expectation {
    /// The word for machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::Expected => "expected",
            Self::Unexpected => "unexpected",
        }
    }

    fn of(is_expected: bool) -> Self {
        if is_expected {
            Self::Expected
        } else {
            Self::Unexpected
        }
    }
}

/// What is expected of one agent.
pub(super) struct Expected<'p> {
    policy: &'p MonitorPolicy,
    agents: Vec<usize>,
    paths: Vec<&'p ExpectedPath>,
}

impl<'p> Expected<'p> {
    pub(super) fn new(policy: &'p MonitorPolicy, agent: &'p AgentId) -> Self {
        let (agents, paths) = policy.about(agent);
        Self {
            policy,
            agents: agents.collect(),
            paths: paths.filter_map(|place| policy.path(place)).collect(),
        }
    }

    /// Whether a way that leads there is, for a tool whose name the policies of the agent have or have not.
    pub(super) fn leads_to(&self, target: &Endpoint, is_named: Option<bool>) -> Expectation {
        match target {
            Endpoint::Agent(agent) if self.policy.declares_paths() => {
                Expectation::of(self.paths.iter().any(|path| path.target.covers(agent)))
            }
            Endpoint::Agent(_) => Expectation::Undeclared,
            Endpoint::Tool(_) => is_named.map_or(Expectation::Undeclared, Expectation::of),
            Endpoint::Destination(host) => self.names(host),
        }
    }

    /// Every entry that declares destinations for the agent must name this one.
    fn names(&self, host: &str) -> Expectation {
        let agents = self.agents.iter();
        let declared =
            agents.filter_map(|place| self.policy.expected(*place)?.destinations.as_ref());
        declared.fold(Expectation::Undeclared, |so_far, names| {
            so_far.max(Expectation::of(names.iter().any(|name| name.covers(host))))
        })
    }
}
