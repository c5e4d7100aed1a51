//! Who is shut out until a person lets them back in.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::SystemTime;

use parking_lot::RwLock;

use crate::ids::AgentId;

/// The agents that are shut out: a cheap handle to one list, to be given to every guard and monitor of a program, so that who is
/// shut out by one is shut out everywhere.
///
/// Nothing but [`Guard::release`](crate::Guard::release) takes an agent off it, for a person who is named and on record. It does not
/// outlive the process: a host that wants it to keeps [`agents`](Self::agents) and puts them back in.
///
/// ```
/// use portcullis::{AgentId, AgentPolicy, Code, Guard, Quarantine, RingRecorder, UserId};
///
/// let quarantine = Quarantine::new();
/// let text = r#"{"agent_id": "spiffe://example.org/a", "permissions": [{"tool_name": "ping"}]}"#;
/// let guard = Guard::builder()
///     .policy(AgentPolicy::from_json(text)?)
///     .recorder(RingRecorder::new(8))
///     .quarantine(&quarantine)
///     .build()?;
/// let agent = AgentId::parse("spiffe://example.org/a")?;
/// let session = guard.vouched_session(agent.clone())?;
///
/// let ann = UserId::parse("ann@example.org")?;
/// guard.shut_out(&agent, &ann)?;
/// assert_eq!(session.call("ping", "{}").unwrap_err().code(), Code::Quarantined);
/// guard.release(&agent, &ann)?;
/// assert!(session.call("ping", "{}").is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct Quarantine(Arc<List>);

#[derive(Default)]
struct List {
    agents: RwLock<HashMap<AgentId, SystemTime>>,
    /// Spares calls a look at an empty list.
    count: AtomicUsize,
}

/// As many agents are shut out as the list has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quarantine is full: it has room for {} agents", Quarantine::MOST)]
#[non_exhaustive]
pub struct QuarantineFull;

impl Quarantine {
    /// The most agents that can be shut out.
    pub const MOST: usize = 1 << 20;

    /// Nobody is shut out.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an agent is shut out.
    #[must_use]
    pub fn holds(&self, agent: &AgentId) -> bool {
        self.0.count.load(Ordering::SeqCst) > 0 && self.0.agents.read().contains_key(agent)
    }

    /// Those who are shut out, in the order of their names, each with the time since when.
    #[must_use]
    pub fn agents(&self) -> Vec<(AgentId, SystemTime)> {
        let agents = self.0.agents.read();
        let mut agents: Vec<_> = agents
            .iter()
            .map(|(agent, since)| (agent.clone(), *since))
            .collect();
        agents.sort();
        agents
    }

    /// Shuts agents out who were shut out before, as [`agents`](Self::agents) told them.
    ///
    /// # Errors
    /// [`QuarantineFull`] for the first that there is no room for.
    pub fn restore(
        &self,
        agents: impl IntoIterator<Item = (AgentId, SystemTime)>,
    ) -> Result<(), QuarantineFull> {
        agents
            .into_iter()
            .try_for_each(|(agent, since)| self.shut_out(&agent, since).map(drop))
    }

    /// Whether both are handles of one list.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Shuts an agent out. Tells whether it was not before.
    pub(crate) fn shut_out(
        &self,
        agent: &AgentId,
        since: SystemTime,
    ) -> Result<bool, QuarantineFull> {
        let mut agents = self.0.agents.write();
        if agents.contains_key(agent) {
            return Ok(false);
        }
        if agents.len() >= Self::MOST {
            return Err(QuarantineFull);
        }
        agents.insert(agent.clone(), since);
        self.0.count.store(agents.len(), Ordering::SeqCst);
        Ok(true)
    }

    /// Lets an agent back in. Tells whether it was shut out.
    pub(crate) fn let_in(&self, agent: &AgentId) -> bool {
        let mut agents = self.0.agents.write();
        let was_there = agents.remove(agent).is_some();
        self.0.count.store(agents.len(), Ordering::SeqCst);
        was_there
    }
}

impl fmt::Debug for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quarantine")
            .field("agents", &self.0.count.load(Ordering::Relaxed))
            .finish()
    }
}
