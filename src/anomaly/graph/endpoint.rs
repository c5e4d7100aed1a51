//! What stands at the end of an edge.

use std::fmt;
use std::sync::Arc;

use crate::ids::AgentId;
use crate::text::{Plain, push_plain};

/// A node of a graph: an agent, a tool or a destination. Ordered in this way, and then by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An agent.
    Agent(AgentId),
    /// A tool, by what was given as its name. A name that no tool can have is shown plainly and cut, as in logs.
    Tool(Arc<str>),
    /// A host or mail domain that arguments name, in lower case.
    Destination(Arc<str>),
}

impl Endpoint {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Agent(agent) => agent.as_str(),
            Self::Tool(name) | Self::Destination(name) => name,
        }
    }

    /// `agent`, `tool` or `destination`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent",
            Self::Tool(_) => "tool",
            Self::Destination(_) => "destination",
        }
    }

    pub(super) fn tool(name: &str) -> Self {
        Self::Tool(plain_tool(name).into())
    }

    pub(super) fn destination(host: &str) -> Self {
        let name: String = host.chars().take(MAX_HOST).collect();
        Self::Destination(name.to_ascii_lowercase().into())
    }

    /// Whether an alert that names this means it.
    pub(super) fn is_called(&self, name: &str) -> bool {
        match self {
            Self::Agent(agent) => agent.as_str() == name,
            Self::Tool(tool) => **tool == *name || **tool == plain_tool(name),
            Self::Destination(host) => host.eq_ignore_ascii_case(name),
        }
    }
}

/// The name, made plain and cut.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Plain(self.name()).fmt(f)
    }
}

fn plain_tool(name: &str) -> String {
    let mut plain = String::new();
    push_plain(&mut plain, name);
    plain
}

/// Characters of a host name (RFC 1035, section 2.3.4). What is longer is no name of a host.
const MAX_HOST: usize = 253;
