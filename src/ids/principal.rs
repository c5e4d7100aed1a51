use std::fmt;
use std::sync::Arc;

use super::{AgentId, IdError, text_type};
use crate::text::Plain;

/// The person on whose behalf an agent works; opaque, compared byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

/// The piece of work that an agent does; opaque, compared byte for byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(Arc<str>);

text_type!(UserId, UserId::parse);
text_type!(TaskId, TaskId::parse);

impl UserId {
    /// The longest accepted id in bytes.
    pub const MAX_LEN: usize = 256;

    /// Takes the text as an id.
    ///
    /// # Errors
    /// [`IdError::Opaque`] if it is empty, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check_opaque(text).map(|()| Self(text.into()))
    }
}

impl TaskId {
    /// The longest accepted id in bytes.
    pub const MAX_LEN: usize = UserId::MAX_LEN;

    /// Takes the text as an id.
    ///
    /// # Errors
    /// [`IdError::Opaque`] if it is empty, too long or holds control characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check_opaque(text).map(|()| Self(text.into()))
    }
}

fn check_opaque(text: &str) -> Result<(), IdError> {
    let valid = (1..=UserId::MAX_LEN).contains(&text.len()) && !text.chars().any(char::is_control);
    valid.then_some(()).ok_or(IdError::Opaque)
}

/// Who makes a call: the agent, and on whose behalf and what task if it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The acting agent.
    pub agent: AgentId,
    /// The person on whose behalf it works.
    pub user: Option<UserId>,
    /// The task it works on.
    pub task: Option<TaskId>,
}

impl From<AgentId> for Caller {
    fn from(agent: AgentId) -> Self {
        Self {
            agent,
            user: None,
            task: None,
        }
    }
}

/// Whose authority a policy states.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Principal {
    /// The agent itself.
    Agent(AgentId),
    /// The person on whose behalf it works.
    User(UserId),
    /// The task it works on.
    Task(TaskId),
}

impl Principal {
    /// The name alone, without saying what it names.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Agent(agent) => agent.as_str(),
            Self::User(user) => user.as_str(),
            Self::Task(task) => task.as_str(),
        }
    }

    /// The document key that names this kind of principal: `agent_id`, `user_id` or `task_id`.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Agent(_) => "agent_id",
            Self::User(_) => "user_id",
            Self::Task(_) => "task_id",
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(agent) => write!(f, "agent `{agent}`"),
            Self::User(user) => write!(f, "user `{}`", Plain(user.as_str())),
            Self::Task(task) => write!(f, "task `{}`", Plain(task.as_str())),
        }
    }
}
