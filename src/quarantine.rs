//! Who is shut out until a person lets them back in.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;

use crate::ids::AgentId;
use crate::sieve::Sieve;

/// The agents that are shut out: a cheap handle to one list, to be given to every guard and monitor of a program, so that who is
/// shut out by one is shut out everywhere.
///
/// Nothing but [`Guard::release`](crate::Guard::release) and [`Guard::release_seen`](crate::Guard::release_seen) takes an agent off it,
/// for a person who is named and on record. The list itself does not outlive the process, but the audit log does, which holds all
/// that was done to it: see [`audit::restore_quarantine`](crate::audit::restore_quarantine). A host that has no such log keeps
/// [`agents`](Self::agents) and puts them [back in](Self::restore).
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
    entries: RwLock<Entries>,
    /// Spares the calls of others a look at the list.
    sieve: Sieve,
}

#[derive(Default)]
struct Entries {
    by_agent: HashMap<AgentId, Held>,
    /// The highest number that was given.
    last: u64,
}

#[derive(Clone, Copy)]
struct Held {
    since: SystemTime,
    number: u64,
}

/// An agent that is shut out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quarantined {
    /// The agent.
    pub agent: AgentId,
    /// Since when.
    pub since: SystemTime,
    /// Which quarantine of the list it is; a later one has a higher number. Whoever is shut out again while that holds, since there is
    /// something new or another person says so, gets a new number: who decides on what they know of one does not decide on the other.
    pub number: u64,
}

impl Quarantined {
    /// What a host has kept of an agent that is shut out, for [`Quarantine::restore`].
    #[must_use]
    pub fn new(agent: AgentId, since: SystemTime, number: u64) -> Self {
        Self {
            agent,
            since,
            number,
        }
    }
}

/// As many agents are shut out as the list has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the quarantine is full: it has room for {} agents", Quarantine::MOST)]
#[non_exhaustive]
pub struct QuarantineFull;

/// A quarantine that was laid, or laid again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Laid {
    pub(crate) number: u64,
    /// Whether the agent was not shut out before.
    pub(crate) is_new: bool,
}

impl Quarantine {
    /// The most agents that can be shut out.
    pub const MOST: usize = 1 << 20;

    /// The highest number that a host or a log may give, so that others can follow it.
    pub(crate) const HIGHEST: u64 = u64::MAX / 2;

    /// Nobody is shut out.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an agent is shut out.
    #[must_use]
    pub fn holds(&self, agent: &AgentId) -> bool {
        self.0.sieve.may_hold(agent) && self.0.entries.read().by_agent.contains_key(agent)
    }

    /// The quarantine of an agent, if it is shut out.
    #[must_use]
    pub fn of(&self, agent: &AgentId) -> Option<Quarantined> {
        let held = self.0.entries.read().by_agent.get(agent).copied()?;
        Some(held.of(agent))
    }

    /// Those who are shut out, in the order of their names.
    #[must_use]
    pub fn agents(&self) -> Vec<Quarantined> {
        let entries = self.0.entries.read();
        let agents = entries.by_agent.iter();
        let mut agents: Vec<_> = agents.map(|(agent, held)| held.of(agent)).collect();
        agents.sort_by(|left, right| left.agent.cmp(&right.agent));
        agents
    }

    /// Shuts agents out who were shut out before, as [`agents`](Self::agents) told them. Those that come later get higher numbers.
    ///
    /// # Errors
    /// [`QuarantineFull`] for the first that there is no room for.
    pub fn restore(
        &self,
        agents: impl IntoIterator<Item = Quarantined>,
    ) -> Result<(), QuarantineFull> {
        agents.into_iter().try_for_each(|former| {
            let number = former.number.min(Self::HIGHEST);
            self.continue_after(number);
            let mut entries = self.0.entries.write();
            let held = entries.room(&former.agent, former.since, &self.0.sieve)?;
            held.since = held.since.min(former.since);
            held.number = held.number.max(number);
            Ok(())
        })
    }

    /// What comes later gets numbers above this.
    pub(crate) fn continue_after(&self, number: u64) {
        let mut entries = self.0.entries.write();
        entries.last = entries.last.max(number.min(Self::HIGHEST));
    }

    /// Whether both are handles of one list.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Shuts an agent out. One that is already is shut out again only if there is something `new` about it.
    pub(crate) fn shut_out(
        &self,
        agent: &AgentId,
        since: SystemTime,
        new: bool,
    ) -> Result<Option<Laid>, QuarantineFull> {
        let mut entries = self.0.entries.write();
        let is_new = !entries.by_agent.contains_key(agent);
        if !is_new && !new {
            return Ok(None);
        }
        let number = entries.last.saturating_add(1);
        entries.room(agent, since, &self.0.sieve)?.number = number;
        entries.last = number;
        Ok(Some(Laid { number, is_new }))
    }

    /// Lets an agent back in, unless it was shut out again since. Tells whether this did it.
    pub(crate) fn let_in(&self, seen: &Quarantined) -> bool {
        let mut entries = self.0.entries.write();
        let held = entries.by_agent.get(&seen.agent);
        let is_seen = held.is_some_and(|held| held.number == seen.number);
        if is_seen {
            entries.by_agent.remove(&seen.agent);
            self.0.sieve.remove(&seen.agent);
        }
        is_seen
    }
}

impl Entries {
    /// What is held of an agent from now on.
    fn room(
        &mut self,
        agent: &AgentId,
        since: SystemTime,
        sieve: &Sieve,
    ) -> Result<&mut Held, QuarantineFull> {
        let is_new = !self.by_agent.contains_key(agent);
        if is_new && self.by_agent.len() >= Quarantine::MOST {
            return Err(QuarantineFull);
        }
        if is_new {
            sieve.add(agent);
        }
        let held = self.by_agent.entry(agent.clone());
        Ok(held.or_insert(Held { since, number: 0 }))
    }
}

impl Held {
    fn of(self, agent: &AgentId) -> Quarantined {
        Quarantined::new(agent.clone(), self.since, self.number)
    }
}

impl fmt::Debug for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quarantine")
            .field("agents", &self.0.entries.read().by_agent.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn agent(number: u32) -> AgentId {
        AgentId::parse(&format!("spiffe://example.org/{number}")).unwrap()
    }

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn only_the_quarantine_that_was_seen_ends() {
        let list = Quarantine::new();
        let lay = |number, new| list.shut_out(&agent(number), at(number.into()), new);
        let laid = |number, is_new| Ok(Some(Laid { number, is_new }));
        assert_eq!(lay(7, false), laid(1, true));
        let seen = list.of(&agent(7)).unwrap();
        assert_eq!(seen, Quarantined::new(agent(7), at(7), 1));
        // What goes on is nothing new.
        assert_eq!(lay(7, false), Ok(None));
        assert_eq!(lay(7, true), laid(2, false));
        assert!(!list.let_in(&seen) && list.holds(&agent(7)));
        let anew = list.of(&agent(7)).unwrap();
        assert!(list.let_in(&anew) && !list.holds(&agent(7)));
        assert!(!list.let_in(&anew));
        assert_eq!(lay(7, false), laid(3, true));
        assert!(!list.let_in(&anew) && list.holds(&agent(7)));
    }

    /// Or what was seen before a restart could be taken for what came after.
    #[test]
    fn numbers_go_on_where_they_were() {
        let list = Quarantine::new();
        let former = Quarantined::new(agent(1), at(5), 41);
        list.restore([former.clone()]).unwrap();
        assert_eq!(list.agents(), [former]);
        let laid = list.shut_out(&agent(2), at(9), false).unwrap().unwrap();
        assert_eq!(laid.number, 42);
        // Twice is once, and who has been out for longest stays so.
        list.restore([Quarantined::new(agent(1), at(7), 3)])
            .unwrap();
        assert_eq!(
            list.of(&agent(1)).unwrap(),
            Quarantined::new(agent(1), at(5), 41)
        );
        list.restore([Quarantined::new(agent(3), at(7), u64::MAX)])
            .unwrap();
        let seen = list.of(&agent(3)).unwrap();
        list.shut_out(&agent(3), at(8), true).unwrap();
        assert!(!list.let_in(&seen));
    }

    /// Two threads lay and end quarantines, each only those that it has seen; one agent is never let in.
    #[test]
    fn threads_end_what_they_saw_and_no_more() {
        let list = Quarantine::new();
        list.shut_out(&agent(0), at(0), true).unwrap();
        let ended = std::thread::scope(|scope| {
            let work = || {
                let mut ended = Vec::new();
                for round in 0..2000_u32 {
                    let agent = agent(1 + round % 3);
                    list.shut_out(&agent, at(1), round % 2 == 0).unwrap();
                    let seen = list.of(&agent);
                    ended.extend(
                        seen.filter(|seen| list.let_in(seen))
                            .map(|seen| seen.number),
                    );
                }
                ended
            };
            let threads = [(); 2].map(|()| scope.spawn(work));
            while threads.iter().any(|thread| !thread.is_finished()) {
                assert!(list.holds(&agent(0)));
            }
            threads.map(|thread| thread.join().unwrap()).concat()
        });
        // Each was ended once.
        let mut once = ended.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), ended.len());
        for left in list.agents() {
            assert!(list.holds(&left.agent) && !once.contains(&left.number));
            assert!(list.let_in(&left));
        }
        assert!((0..4).all(|number| !list.0.sieve.may_hold(&agent(number))));
    }
}
