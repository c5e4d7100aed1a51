//! Which entries of a log are wanted.

use std::time::Duration;

use super::read::LogEntry;

/// Which entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct EntryFilter {
    texts: Vec<(&'static str, String)>,
    since: Duration,
    until: Option<Duration>,
}

impl EntryFilter {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only entries of this agent.
    pub fn agent(self, agent: &str) -> Self {
        self.with("agent", agent)
    }

    /// Only entries on behalf of this user.
    pub fn user(self, user: &str) -> Self {
        self.with("user", user)
    }

    /// Only entries about this tool.
    pub fn tool(self, tool: &str) -> Self {
        self.with("tool", tool)
    }

    /// Only entries of this session.
    pub fn session(self, session: &str) -> Self {
        self.with("session", session)
    }

    /// Only entries about this call.
    pub fn call(self, call: &str) -> Self {
        self.with("call", call)
    }

    /// Only decisions that say this: `allow`, `ask` or `deny`.
    pub fn decision(self, decision: &str) -> Self {
        self.with("decision", decision)
    }

    /// Only entries of this type.
    pub fn kind(self, kind: &str) -> Self {
        self.with("type", kind)
    }

    /// Only entries from this time on, since the Unix epoch.
    pub fn since(self, since: Duration) -> Self {
        Self { since, ..self }
    }

    /// Only entries before this time, since the Unix epoch.
    pub fn until(self, until: Duration) -> Self {
        Self {
            until: Some(until),
            ..self
        }
    }

    fn with(mut self, key: &'static str, value: &str) -> Self {
        self.texts.push((key, value.to_owned()));
        self
    }

    /// Whether an entry is one of those.
    #[must_use]
    pub fn matches(&self, entry: &LogEntry<'_>) -> bool {
        let wall = entry.wall();
        wall >= self.since
            && self.until.is_none_or(|until| wall < until)
            && self
                .texts
                .iter()
                .all(|(key, value)| entry.text(key) == Some(value))
    }
}
