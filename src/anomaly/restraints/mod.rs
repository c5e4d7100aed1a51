//! What responses hold back, and what a call is told that meets one.

mod breaker;
mod restrained;
mod throttle;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use restrained::{Restrained, Sessions};

use super::alert::AlertKind;
use super::policy::ResponseRule;
use super::response::Response;
use super::snapshot::{Input, Stored};
use crate::decision::{Code, Detail, Reason};
use crate::ids::AgentId;
use crate::sieve::Sieve;

/// What holds which agents back. For an agent that nothing holds back, asking costs a few loads.
#[derive(Debug, Default)]
pub(super) struct Restraints {
    signs: Signs,
    /// How many responses have ended sessions. A session remembers how many there were when it was opened.
    endings: AtomicU64,
    held: RwLock<Held>,
}

/// What a call looks at before it looks at what is held. Changed under the lock of that.
#[derive(Debug, Default)]
struct Signs {
    /// Agents that have room of their own.
    agents: Sieve,
    /// Whether anything may hold back all those that have none.
    others: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    agents: HashMap<AgentId, Restrained>,
    /// What holds back all those that have no room of their own.
    others: Restrained,
}

/// A call that is to be let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) agent: &'a AgentId,
    /// How many responses had ended sessions when its session was opened.
    pub(super) endings: u64,
    /// The tag of the tool.
    pub(super) tag: u64,
    /// Which one it is, for one that tries what is half open.
    pub(super) call: Option<u64>,
    pub(super) second: u32,
}

/// Agents that are held back at the same time. One more is stepped up, and all others with it.
const MOST_AGENTS: usize = 1 << 16;

impl Restraints {
    /// How many responses have ended sessions so far.
    pub(super) fn endings(&self) -> u64 {
        self.endings.load(Ordering::SeqCst)
    }

    /// Makes a response hold; a circuit breaker for what has this tag, or for everything. Tells whether that changes anything.
    pub(super) fn apply(
        &self,
        agent: &AgentId,
        rule: &ResponseRule,
        kind: AlertKind,
        tag: Option<u64>,
        second: u32,
    ) -> bool {
        let mut held = self.held.write();
        let (restrained, has_own_room) = held.restrained(agent, second, &self.signs);
        let response = match rule.response {
            // What counts or closes for all others together would shut them out.
            response if response.lasts() && !has_own_room => Response::StepUp,
            response => response,
        };
        match response {
            Response::StepUp => restrained.step_up(kind, second, rule.lasts),
            Response::Throttle => {
                restrained.throttle(kind, rule.calls_per_minute, second, rule.lasts)
            }
            Response::CircuitBreak => restrained.close(kind, tag, second, rule.lasts),
            Response::Reauthenticate | Response::Revoke => {
                let endings = self.endings.fetch_add(1, Ordering::SeqCst);
                restrained.sessions = Some(Sessions {
                    opened_before: endings.saturating_add(1),
                    are_revoked: has_own_room && response == Response::Revoke,
                });
                true
            }
            Response::Notify | Response::Rotate | Response::Quarantine => false,
        }
    }

    /// Whether a call may go on to be decided; if so, why a person must approve it, if one must.
    pub(super) fn check(&self, asked: Asked<'_>) -> Result<Option<Reason>, Reason> {
        let held = self.held.read();
        let restrained = held.about(asked.agent);
        for sessions in [restrained.sessions, held.others.sessions]
            .into_iter()
            .flatten()
        {
            if asked.endings < sessions.opened_before {
                return Err(session_ended(sessions));
            }
        }
        if let Some((seconds, kind)) = restrained.closed_for(asked) {
            return Err(wait((Response::CircuitBreak, kind, seconds)));
        }
        Ok(restrained.stepped_up(asked.second).map(stepped_up))
    }

    /// Whether anything holds back what is asked for, as far as that takes no counting.
    pub(super) fn holds(&self, asked: Asked<'_>) -> bool {
        self.held.read().about(asked.agent).holds(asked)
    }

    /// Whether a response has ended sessions of an agent.
    pub(super) fn has_ended_sessions(&self, agent: &AgentId) -> bool {
        let held = self.held.read();
        held.about(agent).sessions.is_some() || held.others.sessions.is_some()
    }

    /// Whether a call that all else allows may run. If so it counts.
    pub(super) fn admit(&self, asked: Asked<'_>) -> Result<(), Reason> {
        if !self.held.read().about(asked.agent).counts() {
            return Ok(());
        }
        let mut held = self.held.write();
        let restrained = held.find(asked.agent);
        if let Some(waits) = restrained.waits(asked) {
            return Err(wait(waits));
        }
        restrained.admit(asked);
        Ok(())
    }

    /// As [`admit`](Self::admit) tells, but nothing counts.
    pub(super) fn would_admit(&self, asked: Asked<'_>) -> Result<(), Reason> {
        let held = self.held.read();
        match held.about(asked.agent).waits(asked) {
            Some(waits) => Err(wait(waits)),
            None => Ok(()),
        }
    }

    /// A call ended: well, or not, or it never ran.
    pub(super) fn ended(&self, agent: &AgentId, call: u64, was_good: Option<bool>, second: u32) {
        if self.held.read().about(agent).counts() {
            let mut held = self.held.write();
            held.find(agent).ended(call, was_good, second);
        }
    }

    /// Ends all that holds an agent back, but not that its former sessions are over. Tells whether anything did.
    pub(super) fn release(&self, agent: &AgentId) -> bool {
        let mut held = self.held.write();
        let Some(restrained) = held.agents.get_mut(agent) else {
            return false;
        };
        let is_held = !restrained.is_free_but_for_sessions();
        *restrained = Restrained {
            sessions: restrained.sessions,
            ..Restrained::default()
        };
        is_held
    }

    /// `false` only if nothing holds this agent back.
    pub(super) fn may_hold(&self, agent: &AgentId) -> bool {
        self.signs.others.load(Ordering::SeqCst) || self.signs.agents.may_hold(agent)
    }

    /// Lets go of what is over.
    pub(super) fn tidy(&self, second: u32) {
        let mut held = self.held.write();
        let is_held = |restrained: &mut Restrained| !restrained.is_over(second);
        self.signs.retain(&mut held.agents, is_held);
        let holds_others = is_held(&mut held.others);
        self.signs.others.store(holds_others, Ordering::SeqCst);
    }
}

/// But for how many responses have ended sessions: these are of one process.
impl Stored for Restraints {
    fn store(&self, out: &mut Vec<u8>) {
        let held = self.held.read();
        held.agents.len().store(out);
        for (agent, restrained) in &held.agents {
            agent.store(out);
            restrained.store(out);
        }
        held.others.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        let (mut agents, signs) = (HashMap::new(), Signs::default());
        signs.others.store(true, Ordering::SeqCst);
        for _ in 0..usize::load(input)? {
            let (agent, restrained) = (AgentId::load(input)?, Restrained::load(input)?);
            signs.agents.add(&agent);
            if agents.len() >= MOST_AGENTS || agents.insert(agent, restrained).is_some() {
                return None;
            }
        }
        let others = Restrained::load(input)?;
        // Nothing that counts or closes does so for all of them together.
        (!others.counts()).then(|| Self {
            signs,
            endings: AtomicU64::new(0),
            held: RwLock::new(Held { agents, others }),
        })
    }
}

impl Held {
    fn about(&self, agent: &AgentId) -> &Restrained {
        self.agents.get(agent).unwrap_or(&self.others)
    }

    fn find(&mut self, agent: &AgentId) -> &mut Restrained {
        self.agents.get_mut(agent).unwrap_or(&mut self.others)
    }

    /// What holds an agent back, or all others with it if there is no room; and whether there is.
    fn restrained(
        &mut self,
        agent: &AgentId,
        second: u32,
        signs: &Signs,
    ) -> (&mut Restrained, bool) {
        let is_new = !self.agents.contains_key(agent);
        if is_new && self.agents.len() >= MOST_AGENTS {
            self.make_room(second, signs);
        }
        if is_new && self.agents.len() >= MOST_AGENTS {
            signs.others.store(true, Ordering::SeqCst);
            return (&mut self.others, false);
        }
        if is_new {
            signs.agents.add(agent);
        }
        let step_up = self.others.step_up;
        let restrained = self.agents.entry(agent.clone());
        // A room of its own frees nobody from what holds all others back.
        let new = || Restrained {
            step_up,
            ..Restrained::default()
        };
        (restrained.or_insert_with(new), true)
    }

    /// What is over goes, and sessions that are ended for one agent are then ended for all that were opened before.
    fn make_room(&mut self, second: u32, signs: &Signs) {
        // Before anyone is taken for one of them.
        signs.others.store(true, Ordering::SeqCst);
        let others = &mut self.others;
        signs.retain(&mut self.agents, |restrained| {
            let is_over = restrained.is_over(second);
            if !is_over && restrained.is_free_but_for_sessions() {
                let ended = [others.sessions, restrained.sessions].into_iter().flatten();
                let last = ended.map(|sessions| sessions.opened_before).max();
                others.sessions = last.map(|opened_before| Sessions {
                    opened_before,
                    are_revoked: false,
                });
                return false;
            }
            !is_over
        });
    }
}

impl Signs {
    fn retain(
        &self,
        agents: &mut HashMap<AgentId, Restrained>,
        mut stays: impl FnMut(&mut Restrained) -> bool,
    ) {
        agents.retain(|agent, restrained| {
            let stays = stays(restrained);
            if !stays {
                self.agents.remove(agent);
            }
            stays
        });
    }
}

fn session_ended(sessions: Sessions) -> Reason {
    let (code, message) = if sessions.are_revoked {
        (
            Code::Revoked,
            "the credentials of this session were withdrawn",
        )
    } else {
        (
            Code::Identity,
            "the session must be opened anew, with its credential",
        )
    };
    Reason::new(code, None, Detail::Message(message.to_owned()))
}

fn stepped_up(kind: AlertKind) -> Reason {
    let message = format!("a person must approve, after {kind}");
    Reason::new(Code::Anomaly, None, Detail::Message(message))
}

fn wait((response, kind, seconds): (Response, AlertKind, u32)) -> Reason {
    let detail = Detail::Wait {
        message: format!("held back by {response}, after {kind}"),
        retry_after: Duration::from_secs(seconds.into()),
    };
    Reason::new(Code::Anomaly, None, detail)
}

#[cfg(test)]
mod tests;
