//! From what was seen to what is done about it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::agent::Sighted;
use super::credentials::Requests;
use super::event::{AgentInteraction, InteractionStatus};
use super::moment::Moment;
use super::notes::Done;
use super::policy::ResponseRule;
use super::response::Response;
use super::restraints::{Asked, Restraints};
use super::snapshot::Stored;
use super::tags::{About, Tags};
use crate::decision::{Code, Detail, Reason};
use crate::ids::AgentId;
use crate::quarantine::Quarantine;
use crate::record::{CallId, Decided};

/// All that responses do.
#[derive(Debug)]
pub(super) struct Responding {
    restraints: Restraints,
    quarantine: Quarantine,
    requests: Requests,
    undone: AtomicU64,
}

/// What a circuit breaker closes: to whom, and what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closes<'a> {
    agent: &'a AgentId,
    about: About<'a>,
}

impl<'a> Closes<'a> {
    pub(super) fn tool(agent: &'a AgentId, tool: &'a str) -> Self {
        let about = About::Tool(tool);
        Self { agent, about }
    }

    pub(super) fn path(source: &'a AgentId, target: &'a AgentId) -> Self {
        let (agent, about) = (source, About::Agent(target));
        Self { agent, about }
    }
}

impl Responding {
    pub(super) fn new(quarantine: Quarantine, restraints: Restraints, requests: Requests) -> Self {
        Self {
            restraints,
            quarantine,
            requests,
            undone: AtomicU64::new(0),
        }
    }

    /// All but who is shut out: whoever has that list keeps it.
    pub(super) fn store(&self, out: &mut Vec<u8>) {
        self.restraints.store(out);
        self.requests.store(out);
    }

    pub(super) fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    pub(super) fn endings(&self) -> u64 {
        self.restraints.endings()
    }

    /// Does what a rule says to an agent; where that closes something, to whom `closes` says. `None` if that
    /// is done already, or cannot be.
    pub(super) fn apply(
        &self,
        agent: &AgentId,
        rule: &ResponseRule,
        seen: Sighted,
        closes: Option<(Closes<'_>, &Tags)>,
        now: Moment,
    ) -> Option<Done> {
        let response = rule.response;
        let closes = closes.filter(|_| response == Response::CircuitBreak);
        let agent = closes.map_or(agent, |(closes, _)| closes.agent);
        let because = seen.kind;
        let mut quarantine = None;
        let is_done = match response {
            Response::Notify => return None,
            Response::Quarantine => {
                quarantine = self.shut_out(agent, seen.is_told, now);
                quarantine.is_some()
            }
            Response::Rotate => self.request(agent, response),
            _ => {
                if response == Response::Revoke {
                    self.request(agent, response);
                }
                let tag = closes.map(|(closes, tags)| closes.about.tag(tags));
                self.restraints.apply(agent, rule, because, tag, now.second)
            }
        };
        is_done.then(|| Done {
            agent: agent.clone(),
            at: now.wall,
            response,
            because,
            target: closes.map(|(closes, _)| closes.about.shown()),
            lasts: response
                .lasts()
                .then(|| Duration::from_secs(rule.lasts.into())),
            quarantine,
        })
    }

    /// The number of the quarantine, if it is laid now.
    fn shut_out(&self, agent: &AgentId, is_told: bool, now: Moment) -> Option<u64> {
        let laid = self.quarantine.shut_out(agent, now.wall, is_told);
        if laid.is_err() {
            self.undone.fetch_add(1, Ordering::Relaxed);
        }
        Some(laid.ok()??.number)
    }

    fn request(&self, agent: &AgentId, response: Response) -> bool {
        let is_asked = self.requests.push(agent, response);
        if !is_asked {
            self.undone.fetch_add(1, Ordering::Relaxed);
        }
        is_asked
    }

    /// See [`Restraints::check`]. Who is shut out is refused by whoever has the list.
    pub(super) fn check<'a>(
        &self,
        agent: &AgentId,
        asked: impl FnOnce() -> Asked<'a>,
    ) -> Result<Option<Reason>, Reason> {
        match self.restraints.may_hold(agent) {
            true => self.restraints.check(asked()),
            false => Ok(None),
        }
    }

    /// See [`Restraints::admit`].
    pub(super) fn admit<'a>(
        &self,
        agent: &AgentId,
        asked: impl FnOnce() -> Asked<'a>,
    ) -> Result<(), Reason> {
        match self.restraints.may_hold(agent) {
            true => self.restraints.admit(asked()),
            false => Ok(()),
        }
    }

    /// See [`Restraints::would_admit`].
    pub(super) fn would_admit<'a>(
        &self,
        agent: &AgentId,
        asked: impl FnOnce() -> Asked<'a>,
    ) -> Result<(), Reason> {
        match self.restraints.may_hold(agent) {
            true => self.restraints.would_admit(asked()),
            false => Ok(()),
        }
    }

    /// Whether an agent may speak to another one. Interactions have no number: none is the one that tries a path already.
    pub(super) fn check_path(&self, asked: Asked<'_>) -> Result<(), Reason> {
        if self.quarantine.holds(asked.agent) {
            return Err(Reason::new(Code::Quarantined, None, Detail::None));
        }
        match self.check(asked.agent, || asked)? {
            Some(step_up) => Err(step_up),
            None => self.admit(asked.agent, || asked),
        }
    }

    /// Whether a refusal says something about the agent. What responses led to must not lead to more.
    pub(super) fn is_agents_doing(&self, decided: &Decided<'_>) -> bool {
        match decided.code {
            Code::Fault | Code::Anomaly | Code::Quarantined | Code::Revoked => false,
            Code::Identity => {
                let agent = decided.subject.agent;
                !(self.restraints.may_hold(agent) && self.restraints.has_ended_sessions(agent))
            }
            _ => true,
        }
    }

    /// Whether who asks to speak to another one may be refused by a response.
    pub(super) fn holds_path(&self, asked: Asked<'_>) -> bool {
        self.quarantine.holds(asked.agent)
            || (self.restraints.may_hold(asked.agent) && self.restraints.holds(asked))
    }

    pub(super) fn ended(&self, agent: &AgentId, call: CallId, was_good: Option<bool>, now: Moment) {
        if self.restraints.may_hold(agent) {
            self.restraints.ended(agent, call.0, was_good, now.second);
        }
    }

    pub(super) fn spoke(&self, interaction: &AgentInteraction<'_>, tags: &Tags, now: Moment) {
        if self.restraints.may_hold(interaction.source) {
            let tag = About::Agent(interaction.target).tag(tags);
            let was_good = match interaction.status {
                InteractionStatus::Succeeded => Some(true),
                InteractionStatus::Failed => Some(false),
                InteractionStatus::Denied => None,
            };
            let source = interaction.source;
            self.restraints.ended(source, tag, was_good, now.second);
        }
    }

    /// See [`Restraints::release`]. Whoever has the list lets in.
    pub(super) fn release(&self, agent: &AgentId) -> bool {
        self.restraints.release(agent)
    }

    pub(super) fn tick(&self, now: Moment) {
        self.restraints.tidy(now.second);
        self.requests.ask();
    }

    pub(super) fn unanswered(&self) -> u64 {
        self.requests.waiting() as u64
    }

    pub(super) fn undone(&self) -> u64 {
        self.undone.load(Ordering::Relaxed)
    }
}
