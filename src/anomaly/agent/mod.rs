//! What is remembered of one agent, and which rules look at it when.

mod arguments;
mod declared;
mod learning;

use crate::anomaly::snapshot::{Input, Stored, stored};
use std::sync::Arc;
use std::time::Duration;

use smallvec::SmallVec;

use declared::{CREDENTIALS, refused_target};

use super::alert::{AlertKind, Baseline};
use super::desk::{Desk, Update};
use super::event::AgentInteraction;
use super::learned::{Learned, Odd};
use super::moment::Moment;
use super::policy::{ExpectedAgent, MonitorPolicy};
use super::rules::{Causes, Decisions, Minute, Pending, Refused, Steps};
use super::statistics::{Novelty, Seen};
use super::tags::Tags;
use crate::decision::Verdict;
use crate::digest::Digest;
use crate::ids::AgentId;
use crate::record::{CallId, Decided, Ended, Outcome};

/// The memory of one agent. Of fixed size, but for the minutes of declared rates, of which there are as many as the policy
/// declares for it, and for what was [`Told`].
#[derive(Debug)]
pub(super) struct AgentState {
    /// The last second in which something happened; time does not go back.
    second: u32,
    decisions: Decisions,
    refused: Refused,
    pending: Pending,
    steps: Steps,
    contacts: Novelty<16>,
    duplicates: Novelty<16>,
    minutes: SmallVec<[(u64, Minute); 1]>,
    covering: Covering,
    learned: Option<Box<Learned>>,
    told: Option<Box<Told>>,
}

/// What was out of the ordinary, once something was.
#[derive(Debug)]
struct Told {
    /// Of the last alert.
    agent: AgentId,
    causes: Causes,
    desk: Desk,
}

stored!(
    Told {
        agent,
        causes,
        desk
    },
    |_| true
);

/// Which entries of a policy speak of the agent.
#[derive(Debug, Default)]
struct Covering {
    /// Of the policy; 0 before the first.
    epoch: u64,
    agents: SmallVec<[u32; 2]>,
    paths: SmallVec<[u32; 2]>,
}

/// What the rules go by, beside the memory of the agent.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'s> {
    pub(super) policy: &'s MonitorPolicy,
    /// Counts the policies of the monitor, from 1.
    pub(super) epoch: u64,
    /// Whether other agents have the same memory.
    pub(super) is_shared: bool,
    pub(super) tags: &'s Tags,
    pub(super) agent: &'s AgentId,
    pub(super) now: Moment,
}

impl Surroundings<'_> {
    /// Hours since the Unix epoch.
    fn hour(self) -> u32 {
        u32::try_from(self.now.unix_seconds() / 3600).unwrap_or(u32::MAX)
    }
}

/// What came of one event.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// All that is out of the ordinary, told or not.
    pub(super) seen: SmallVec<[Sighted; 4]>,
    pub(super) alerts: Vec<Found>,
    pub(super) updates: Vec<Update>,
    pub(super) is_duplicate: bool,
}

/// Something out of the ordinary, for those who respond to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sighted {
    pub(super) kind: AlertKind,
    /// Whether something else is out of the ordinary too, of late.
    pub(super) is_backed: bool,
    /// Whether an alert tells it, which comes first in a while.
    pub(super) is_told: bool,
}

/// An alert before it has a number.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: AlertKind,
    pub(super) target: Option<Arc<str>>,
    pub(super) observed: f64,
    pub(super) expected: f64,
    pub(super) surprise: Option<f64>,
    pub(super) baseline: Option<Baseline>,
    pub(super) call: Option<CallId>,
    pub(super) more: u64,
}

/// What a rule has seen.
struct Sighting<'s> {
    kind: AlertKind,
    target: &'s str,
    observed: f64,
    expected: f64,
    surprise: Option<f64>,
    call: Option<CallId>,
}

impl<'s> Sighting<'s> {
    fn new(kind: AlertKind, target: &'s str) -> Self {
        Self {
            kind,
            target,
            observed: 1.0,
            expected: 0.0,
            surprise: None,
            call: None,
        }
    }

    fn odd(kind: AlertKind, odd: Odd, call: Option<CallId>) -> Self {
        Self {
            observed: odd.observed,
            expected: odd.expected,
            surprise: Some(odd.surprise),
            call,
            ..Self::new(kind, "")
        }
    }
}

/// Calls under way do not outlive the process, and which entries speak of the agent is looked up again.
impl Stored for AgentState {
    fn store(&self, out: &mut Vec<u8>) {
        self.second.store(out);
        self.decisions.store(out);
        self.refused.store(out);
        self.steps.store(out);
        self.contacts.store(out);
        self.duplicates.store(out);
        self.minutes.to_vec().store(out);
        self.learned.store(out);
        self.told.store(out);
    }

    fn load(input: &mut Input<'_>) -> Option<Self> {
        Some(Self {
            second: Stored::load(input)?,
            decisions: Stored::load(input)?,
            refused: Stored::load(input)?,
            steps: Stored::load(input)?,
            contacts: Stored::load(input)?,
            duplicates: Stored::load(input)?,
            minutes: Vec::load(input)?.into(),
            learned: Stored::load(input)?,
            told: Stored::load(input)?,
            pending: Pending::default(),
            covering: Covering::default(),
        })
    }
}

impl AgentState {
    pub(super) fn new(second: u32) -> Self {
        Self {
            second,
            decisions: Decisions::default(),
            refused: Refused::new(),
            pending: Pending::default(),
            steps: Steps::new(),
            contacts: Novelty::new(),
            duplicates: Novelty::new(),
            minutes: SmallVec::new(),
            covering: Covering::default(),
            learned: None,
            told: None,
        }
    }

    /// Whom the alerts that were held back are about.
    pub(super) fn alerted(&self) -> Option<&AgentId> {
        self.told.as_ref().map(|told| &told.agent)
    }

    /// The last second in which something happened.
    pub(super) fn last(&self) -> u32 {
        self.second
    }

    /// A call was decided; and whether it was refused for what the agent did.
    pub(super) fn decided(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        is_refused: bool,
    ) -> Findings {
        let mut findings = Findings::default();
        self.begin(around);
        let call = decided.subject.call;
        let tool = decided.subject.tool;
        let digest = decided.digest.as_ref().map(Digest::as_bytes);
        let tag = around.tags.long((tool, digest));
        if decided.verdict == Verdict::Allow {
            self.pending.begin(call.0, tag);
        }
        self.check_hours(around, Some(call), &mut findings);
        self.check_calls(around, call, &mut findings);
        self.learn_call(around, decided, is_refused, &mut findings);
        self.check_arguments(around, decided, &mut findings);
        self.check_denials(around, is_refused, Some(call), &mut findings);
        if is_refused {
            self.check_scope(around, decided, &mut findings);
            if let Some(target) = refused_target(decided.code, around.tags.long(tool), tag) {
                self.check_probing(around, target, Some(call), &mut findings);
            }
        }
        findings
    }

    /// A call that was allowed ended.
    pub(super) fn ended(&mut self, around: Surroundings<'_>, ended: &Ended<'_>) -> Findings {
        let mut findings = Findings::default();
        self.begin(around);
        let call = ended.subject.call;
        self.learn_end(around, ended, &mut findings);
        let Some(begun) = self.pending.end(call.0) else {
            return findings;
        };
        let Some(rule) = around.policy.rules().loops else {
            return findings;
        };
        // Trying again after an error is no loop.
        if ended.outcome != Outcome::Completed {
            return findings;
        }
        let result = ended.result.map(|result| *result.digest.as_bytes());
        let step = around.tags.short((begun, result));
        let within = seconds(rule.within);
        if let Some(times) = self.steps.observe(step, self.second, within, rule.repeats) {
            let sighting = Sighting {
                observed: times.into(),
                expected: rule.repeats.saturating_sub(1).into(),
                call: Some(call),
                ..Sighting::new(AlertKind::Loop, ended.subject.tool)
            };
            self.tell(around, sighting, &mut findings);
        }
        findings
    }

    /// The agent spoke to another one; and whether that was refused for what the agent did.
    pub(super) fn spoke(
        &mut self,
        around: Surroundings<'_>,
        interaction: &AgentInteraction<'_>,
        is_refused: bool,
    ) -> Findings {
        let mut findings = Findings::default();
        self.begin(around);
        let payload = interaction.payload.as_ref().map(Digest::as_bytes);
        let tag = around.tags.short((
            interaction.target,
            interaction.action,
            payload,
            interaction.at,
        ));
        if self.duplicates.observe(tag) == Seen::Known {
            findings.is_duplicate = true;
            return findings;
        }
        self.check_hours(around, None, &mut findings);
        self.check_path(around, interaction.target, &mut findings);
        self.learn_interaction(around, interaction.target, is_refused, &mut findings);
        self.check_denials(around, is_refused, None, &mut findings);
        if is_refused {
            let target = around.tags.long(interaction.target);
            self.check_probing(around, target, None, &mut findings);
        }
        findings
    }

    /// A credential was issued to the agent.
    pub(super) fn was_issued(&mut self, around: Surroundings<'_>) -> Findings {
        let mut findings = Findings::default();
        self.begin(around);
        self.check_hours(around, None, &mut findings);
        let expected = self.least(around, |expected| expected.credentials_per_minute);
        if let (Some(expected), Some(rule)) = (expected, around.policy.rules().credential_spike) {
            let sighting = Sighting::new(AlertKind::CredentialSpike, "");
            self.check_rate(around, CREDENTIALS, expected, rule, sighting, &mut findings);
        }
        findings
    }

    /// There is no room for a memory of this agent's own.
    pub(super) fn was_crowded_out(&mut self, around: Surroundings<'_>, findings: &mut Findings) {
        let sighting = Sighting::new(AlertKind::CrowdedOut, "");
        self.tell(around, sighting, findings);
    }

    /// Tells what was held back and is due.
    pub(super) fn flush(&mut self, now: Moment, updates: &mut Vec<Update>) {
        self.advance(now);
        if let Some(told) = &mut self.told {
            told.desk.flush(self.second, updates);
        }
    }

    /// Tells what was held back, before it is forgotten.
    pub(super) fn close(&mut self, updates: &mut Vec<Update>) {
        if let Some(told) = &mut self.told {
            told.desk.close(updates);
        }
    }

    /// A person has looked at what was out of the ordinary: it backs nothing that is seen from now on.
    pub(super) fn settle(&mut self) {
        if let Some(told) = &mut self.told {
            told.causes = Causes::default();
        }
    }

    fn begin(&mut self, around: Surroundings<'_>) {
        self.advance(around.now);
        if self.covering.epoch != around.epoch || around.is_shared {
            self.covering = Covering::of(around);
            let declared = self.declared_calls(around);
            if let Some(learned) = self.learned.as_mut().filter(|_| !around.is_shared) {
                learned.declare(declared, self.second);
            }
        }
    }

    /// Calls a minute, by the strictest entry that covers the agent.
    fn declared_calls(&self, around: Surroundings<'_>) -> Option<f64> {
        self.least(around, |expected| expected.calls_per_minute)
    }

    fn advance(&mut self, now: Moment) {
        self.second = self.second.max(now.second);
    }

    fn expected<'s>(
        &'s self,
        around: Surroundings<'s>,
    ) -> impl Iterator<Item = &'s ExpectedAgent> + Clone {
        let places = self.covering.agents.iter();
        places.filter_map(move |place| around.policy.expected(*place as usize))
    }

    /// The least of what all entries that cover the agent declare.
    fn least(
        &self,
        around: Surroundings<'_>,
        what: fn(&ExpectedAgent) -> Option<f64>,
    ) -> Option<f64> {
        self.expected(around).filter_map(what).reduce(f64::min)
    }

    /// More of what was told before: for those who respond to it, and for the number of times.
    fn see_known(
        &mut self,
        around: Surroundings<'_>,
        kind: AlertKind,
        target: &str,
        findings: &mut Findings,
    ) {
        let Some(told) = &mut self.told else {
            return;
        };
        told.desk
            .hold_back(kind, around.tags.short(target), self.second);
        findings.seen.push(Sighted {
            kind,
            is_backed: told.causes.observe(kind.cause(), self.second),
            is_told: false,
        });
    }

    fn tell(&mut self, around: Surroundings<'_>, sighting: Sighting<'_>, findings: &mut Findings) {
        let told = self
            .told
            .get_or_insert_with(|| Box::new(Told::of(around.agent)));
        if told.agent != *around.agent {
            told.agent = around.agent.clone();
        }
        let target = || -> Option<Arc<str>> {
            let shown: String = sighting.target.chars().take(MOST_SHOWN).collect();
            (!shown.is_empty()).then(|| shown.into())
        };
        let more = told.desk.admit(
            sighting.kind,
            around.tags.short(sighting.target),
            target,
            sighting.surprise,
            self.second,
            &mut findings.updates,
        );
        findings.seen.push(Sighted {
            kind: sighting.kind,
            is_backed: told.causes.observe(sighting.kind.cause(), self.second),
            is_told: more.is_some(),
        });
        if let Some(more) = more {
            findings.alerts.push(Found {
                kind: sighting.kind,
                target: target(),
                observed: sighting.observed,
                expected: sighting.expected,
                surprise: sighting.surprise,
                baseline: self.baseline(sighting.kind),
                call: sighting.call,
                more,
            });
        }
    }
}

impl Told {
    fn of(agent: &AgentId) -> Self {
        Self {
            agent: agent.clone(),
            causes: Causes::default(),
            desk: Desk::default(),
        }
    }
}

impl Covering {
    fn of(around: Surroundings<'_>) -> Self {
        let (agents, paths) = around.policy.about(around.agent);
        let narrow = |place: usize| u32::try_from(place).ok();
        Self {
            epoch: around.epoch,
            agents: agents.filter_map(narrow).collect(),
            paths: paths.filter_map(narrow).collect(),
        }
    }
}

/// Characters of a name that an alert holds on to.
const MOST_SHOWN: usize = 2048;

fn seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
