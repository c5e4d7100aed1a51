//! What all handles of one monitor share: from an event to what is told and done.

use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;

use super::agent::{AgentState, Findings, Found, Surroundings};
use super::alert::Alert;
use super::desk::Update;
use super::event::{AgentInteraction, InteractionStatus};
use super::moment::{Moment, Oddity, oddity};
use super::notes::{Note, Notes};
use super::outbox::Outbox;
use super::policy::MonitorPolicy;
use super::reaches::{Known, Reaches};
use super::responding::{Closes, Responding};
use super::restraints::Asked;
use super::sinks::Sinks;
use super::table::Table;
use super::tags::{About, Tags};
use crate::clock::Clock;
use crate::ids::AgentId;
use crate::record::{CallId, Outcome, Subject};

/// What all handles of one monitor share.
pub(super) struct Watchtower {
    pub(super) in_force: ArcSwap<InForce>,
    pub(super) table: Table,
    pub(super) reaches: Reaches,
    pub(super) tags: Tags,
    pub(super) clock: Box<dyn Clock>,
    /// Seconds by which the clock is behind the time of what is remembered.
    pub(super) behind: u32,
    pub(super) outbox: Outbox,
    pub(super) sinks: Sinks,
    pub(super) notes: Notes,
    pub(super) responding: Responding,
    pub(super) oddities: Oddities,
}

pub(super) struct InForce {
    pub(super) policy: MonitorPolicy,
    pub(super) epoch: u64,
}

#[derive(Default)]
pub(super) struct Oddities {
    pub(super) late: AtomicU64,
    pub(super) future: AtomicU64,
    pub(super) absurd: AtomicU64,
    pub(super) duplicate: AtomicU64,
}

impl Watchtower {
    pub(super) fn asked<'a>(
        &self,
        agent: &'a AgentId,
        endings: u64,
        tool: &str,
        call: Option<CallId>,
    ) -> Asked<'a> {
        Asked {
            agent,
            endings,
            tag: About::Tool(tool).tag(&self.tags),
            call: call.map(|call| call.0),
            second: self.now().second,
        }
    }

    pub(super) fn asked_path<'a>(
        &self,
        source: &'a AgentId,
        target: &AgentId,
        now: Moment,
    ) -> Asked<'a> {
        Asked {
            agent: source,
            endings: u64::MAX,
            tag: About::Agent(target).tag(&self.tags),
            call: None,
            second: now.second,
        }
    }

    pub(super) fn now(&self) -> Moment {
        let mut now = Moment::new(self.clock.monotonic(), self.clock.wall());
        now.second = now.second.saturating_add(self.behind);
        now
    }

    /// Shows an event to the rules, and tells what they find once the memory of the agent is free again. What is to go on record
    /// of that comes to `notes`, and what a circuit breaker would close is `closes`. Tells whether the event was seen before.
    pub(super) fn see(
        &self,
        agent: &AgentId,
        closes: Option<Closes<'_>>,
        now: Moment,
        notes: &mut Vec<Note>,
        rules: impl FnOnce(&mut AgentState, Surroundings<'_>) -> Findings,
    ) -> bool {
        let in_force = self.in_force.load();
        let hash = self.tags.long(agent);
        let findings = self.table.with(hash, now.second, |place| {
            let around = Surroundings {
                policy: &in_force.policy,
                epoch: in_force.epoch,
                is_shared: place.is_shared,
                tags: &self.tags,
                agent,
                now,
            };
            let mut findings = rules(place.state, around);
            if place.is_shared {
                place.state.was_crowded_out(around, &mut findings);
            }
            (findings, place.evicted, place.is_shared)
        });
        let (findings, evicted, is_shared) = findings;
        if findings.is_duplicate {
            self.oddities.duplicate.fetch_add(1, Ordering::Relaxed);
        }
        for found in findings.alerts {
            self.tell(found.into_alert(agent.clone(), now), notes);
        }
        for update in findings.updates {
            self.tell(update.into_alert(agent.clone(), now), notes);
        }
        let rules = in_force.policy.responses();
        for seen in findings.seen {
            for rule in rules.iter().filter(|rule| rule.answers(seen.kind)) {
                if rule.covers(agent) && rule.follows(seen, is_shared) {
                    let closes = closes.map(|closes| (closes, &self.tags));
                    let done = self.responding.apply(agent, rule, seen, closes, now);
                    notes.extend(done.map(Note::Response));
                }
            }
        }
        if let Some(mut evicted) = evicted {
            let mut updates = Vec::new();
            evicted.close(&mut updates);
            self.tell_updates(&evicted, now, updates, notes);
        }
        findings.is_duplicate
    }

    /// Remembers who spoke to whom, where that may lead somewhere.
    pub(super) fn follow(&self, interaction: &AgentInteraction<'_>, now: Moment) {
        let in_force = self.in_force.load();
        if in_force.policy.lateral().is_none() || interaction.status == InteractionStatus::Denied {
            return;
        }
        let is_declared = in_force
            .policy
            .declares_path(interaction.source, interaction.target);
        let (source, target) = (
            self.known(interaction.source),
            self.known(interaction.target),
        );
        self.reaches.spoke(source, target, is_declared, now.second);
    }

    /// Looks who has come to a resource through the agent that uses it, and never before.
    pub(super) fn trace_back(&self, subject: &Subject<'_>, now: Moment, notes: &mut Vec<Note>) {
        let in_force = self.in_force.load();
        let Some(rule) = in_force.policy.lateral() else {
            return;
        };
        let classes = in_force.policy.classes().iter();
        for class in classes.filter(|class| class.covers(subject.tool)) {
            let tag = self.tags.short(&class.name);
            let agent = self.known(subject.agent);
            for moved in self.reaches.reached(agent, tag, rule, now.second) {
                let [source, target] = &moved.step;
                let closes = Closes::path(source, target);
                self.see(&moved.agent, Some(closes), now, notes, |state, around| {
                    state.moved(around, &class.name, moved.hops, subject.call)
                });
            }
        }
    }

    fn known<'a>(&self, agent: &'a AgentId) -> Known<'a> {
        let hash = self.tags.long(agent);
        Known { hash, agent }
    }

    pub(super) fn tell_updates(
        &self,
        state: &AgentState,
        now: Moment,
        updates: Vec<Update>,
        notes: &mut Vec<Note>,
    ) {
        let Some(agent) = state.alerted() else {
            return;
        };
        for update in updates {
            self.tell(update.into_alert(agent.clone(), now), notes);
        }
    }

    fn tell(&self, mut alert: Alert, notes: &mut Vec<Note>) {
        alert.number = self.outbox.tell(&alert);
        notes.push(Note::Alert(Box::new(alert)));
    }
}

/// Whether a call came to a good end; `None` if it never began.
pub(super) fn was_good(outcome: Outcome) -> Option<bool> {
    match outcome {
        Outcome::Completed => Some(true),
        // One that hangs is cancelled by whoever waits for it.
        Outcome::Failed | Outcome::Panicked | Outcome::Cancelled => Some(false),
        Outcome::Abandoned | Outcome::Refused(_) => None,
    }
}

impl Found {
    fn into_alert(self, agent: AgentId, now: Moment) -> Alert {
        Alert {
            number: 0,
            kind: self.kind,
            agent,
            target: self.target,
            at: now.wall,
            observed: self.observed,
            expected: self.expected,
            surprise: self.surprise,
            baseline: self.baseline,
            call: self.call,
            more: self.more,
            is_update: false,
            lost: 0,
        }
    }
}

impl Update {
    fn into_alert(self, agent: AgentId, now: Moment) -> Alert {
        let found = Found {
            kind: self.kind,
            target: self.target,
            observed: self.more as f64,
            expected: 0.0,
            surprise: None,
            baseline: None,
            call: None,
            more: self.more,
        };
        Alert {
            is_update: true,
            ..found.into_alert(agent, now)
        }
    }
}

impl Oddities {
    pub(super) fn count(&self, at: std::time::SystemTime, now: Moment) {
        let count = match oddity(at, now.wall) {
            Some(Oddity::Late) => &self.late,
            Some(Oddity::Future) => &self.future,
            None => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
