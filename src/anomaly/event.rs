//! What a host tells the monitor beside the records of its guard.

use std::time::{Duration, SystemTime};

use crate::digest::Digest;
use crate::ids::AgentId;

/// One agent spoke to another.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use portcullis::AgentId;
/// use portcullis::anomaly::{AgentInteraction, InteractionStatus, Monitor};
///
/// let monitor = Monitor::builder().build();
/// let (planner, analyst) = (AgentId::parse("spiffe://example.org/planner")?, AgentId::parse("spiffe://example.org/analyst")?);
/// monitor.interaction(&AgentInteraction {
///     source: &planner,
///     target: &analyst,
///     action: "delegate",
///     payload: None,
///     at: SystemTime::now(),
///     latency: Duration::from_millis(12),
///     status: InteractionStatus::Succeeded,
/// });
/// # Ok::<(), portcullis::IdError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AgentInteraction<'a> {
    /// Who spoke.
    pub source: &'a AgentId,
    /// To whom.
    pub target: &'a AgentId,
    /// What was asked for, in the host's words.
    pub action: &'a str,
    /// The fingerprint of what was handed over.
    pub payload: Option<Digest>,
    /// When it began, by the wall clock.
    pub at: SystemTime,
    /// How long the answer took.
    pub latency: Duration,
    /// How it ended.
    pub status: InteractionStatus,
}

/// How an interaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InteractionStatus {
    /// With an answer.
    Succeeded,
    /// With an error.
    Failed,
    /// It was refused, by the host and for what the source asked. An answer of the other agent that refuses it is none of these:
    /// who is asked could else have alerts told of who asks.
    Denied,
}

/// A credential was issued to an agent.
#[derive(Clone, Copy, Debug)]
pub struct CredentialIssued<'a> {
    /// To whom.
    pub agent: &'a AgentId,
    /// When, by the wall clock.
    pub at: SystemTime,
}

/// What takes longer is no latency.
pub(super) const LONGEST_LATENCY: Duration = Duration::from_secs(86_400);
