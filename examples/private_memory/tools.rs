//! The tools: each a question to the memory, behind the gate.

use std::fmt;

use portcullis::privacy::{
    AgentMemory, Answer, Epsilon, MemoryError, ParameterError, PartitionName, Which,
};
use portcullis::{Refusal, Session, guard};

/// Why there is no answer; a refusal is one of the reasons.
#[derive(Debug)]
pub enum ToolError {
    Refused(Refusal),
    Memory(MemoryError),
}

/// The memory and the names of its partitions.
pub struct Desk {
    pub memory: AgentMemory,
    pub faq: PartitionName,
    pub tickets: PartitionName,
}

/// The entry of the FAQ that is most like a question. Public, so it costs nothing.
#[guard(skip(desk), secret(question))]
pub fn faq(session: &Session, desk: &Desk, question: &[f32]) -> Result<String, ToolError> {
    let nearest = desk.memory.nearest(&desk.faq, question, 1)?;
    let best = nearest
        .first()
        .map(|(key, likeness)| format!("{key} ({likeness:.2})"));
    Ok(best.unwrap_or_default())
}

/// What a question is most likely about: a vote of the tickets that are most like it.
#[guard(tool = "tickets/topic", skip(desk), secret(question))]
pub fn topic(
    session: &Session,
    desk: &Desk,
    question: &[f32],
    epsilon: f64,
) -> Result<Answer<String>, ToolError> {
    let epsilon = Epsilon::new(epsilon)?;
    Ok(desk.memory.vote(&desk.tickets, question, 50, epsilon)?)
}

/// How many tickets are about a topic.
#[guard(tool = "tickets/count", skip(desk))]
pub fn count(
    session: &Session,
    desk: &Desk,
    topic: &str,
    epsilon: f64,
) -> Result<Answer<i64>, ToolError> {
    let which = Which::Labelled(topic);
    Ok(desk
        .memory
        .count(&desk.tickets, which, Epsilon::new(epsilon)?)?)
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<MemoryError> for ToolError {
    fn from(error: MemoryError) -> Self {
        Self::Memory(error)
    }
}

impl From<ParameterError> for ToolError {
    fn from(error: ParameterError) -> Self {
        Self::Memory(error.into())
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => write!(f, "by the gate: {}", refusal.for_model()),
            Self::Memory(error) => write!(f, "by the memory: {error}"),
        }
    }
}

impl std::error::Error for ToolError {}
