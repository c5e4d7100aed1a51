//! What is remembered of one agent, and which rules look at it when.

use std::sync::Arc;

use smallvec::SmallVec;

use super::alert::AlertKind;
use super::desk::{Desk, Update};
use super::event::{AgentInteraction, InteractionStatus};
use super::moment::Moment;
use super::policy::{ExpectedAgent, ExpectedPath, MonitorPolicy, Ratio};
use super::rules::{Decisions, Minute, Pending, Refused, Steps, destinations};
use super::statistics::{Novelty, Seen};
use super::tags::Tags;
use crate::decision::{AuditLevel, Code, Verdict};
use crate::digest::Digest;
use crate::ids::AgentId;
use crate::record::{CallId, Decided, Ended, Outcome};

/// The memory of one agent. Of fixed size, but for the minutes of declared rates, of which there are as many as the policy
/// declares for it, and for its [`Desk`].
#[derive(Debug)]
pub(super) struct AgentState {
    /// The last second in which something happened; time does not go back.
    second: u32,
    decisions: Decisions,
    refused: Refused,
    pending: Pending,
    steps: Steps,
    contacts: Novelty<32>,
    duplicates: Novelty<16>,
    minutes: SmallVec<[(u64, Minute); 1]>,
    covering: Covering,
    desk: Desk,
    /// The agent of the last alert.
    alerted: Option<AgentId>,
}

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

/// What came of one event.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) alerts: Vec<Found>,
    pub(super) updates: Vec<Update>,
    pub(super) is_duplicate: bool,
}

/// An alert before it has a number.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: AlertKind,
    pub(super) target: Option<Arc<str>>,
    pub(super) observed: f64,
    pub(super) expected: f64,
    pub(super) surprise: Option<f64>,
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
            desk: Desk::default(),
            alerted: None,
        }
    }

    /// Whom the alerts that were held back are about.
    pub(super) fn alerted(&self) -> Option<&AgentId> {
        self.alerted.as_ref()
    }

    /// The last second in which something happened.
    pub(super) fn last(&self) -> u32 {
        self.second
    }

    /// A call was decided.
    pub(super) fn decided(&mut self, around: Surroundings<'_>, decided: &Decided<'_>) -> Findings {
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
        self.check_contacts(around, decided, &mut findings);
        let is_refused = decided.verdict == Verdict::Deny && decided.code != Code::Fault;
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

    /// The agent spoke to another one.
    pub(super) fn spoke(
        &mut self,
        around: Surroundings<'_>,
        interaction: &AgentInteraction<'_>,
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
        let is_refused = interaction.status == InteractionStatus::Denied;
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
        self.desk.flush(self.second, updates);
    }

    /// Tells what was held back, before it is forgotten.
    pub(super) fn close(&mut self, updates: &mut Vec<Update>) {
        self.desk.close(updates);
    }

    fn begin(&mut self, around: Surroundings<'_>) {
        self.advance(around.now);
        if self.covering.epoch != around.epoch || around.is_shared {
            self.covering = Covering::of(around);
        }
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

    fn check_hours(
        &mut self,
        around: Surroundings<'_>,
        call: Option<CallId>,
        findings: &mut Findings,
    ) {
        if !around.policy.rules().off_hours {
            return;
        }
        let now = around.now.unix_seconds();
        let is_outside = self
            .expected(around)
            .filter_map(|expected| expected.hours.as_ref())
            .any(|hours| !hours.contain(now));
        if is_outside {
            let sighting = Sighting {
                call,
                ..Sighting::new(AlertKind::OffHours, "")
            };
            self.tell(around, sighting, findings);
        }
    }

    fn check_calls(&mut self, around: Surroundings<'_>, call: CallId, findings: &mut Findings) {
        let expected = self.least(around, |expected| expected.calls_per_minute);
        if let (Some(expected), Some(rule)) = (expected, around.policy.rules().rate_anomaly) {
            let sighting = Sighting {
                call: Some(call),
                ..Sighting::new(AlertKind::RateAnomaly, "")
            };
            self.check_rate(around, CALLS, expected, rule, sighting, findings);
        }
    }

    fn check_rate(
        &mut self,
        around: Surroundings<'_>,
        counted: u64,
        expected: f64,
        rule: Ratio,
        sighting: Sighting<'_>,
        findings: &mut Findings,
    ) {
        let minute = self.minute(counted);
        let Some(excess) = minute.excess(expected, rule) else {
            return;
        };
        let sighting = Sighting {
            observed: excess.observed.into(),
            expected,
            surprise: Some(excess.surprise),
            ..sighting
        };
        self.tell(around, sighting, findings);
    }

    /// The minute of what is counted, with one more event.
    fn minute(&mut self, counted: u64) -> Minute {
        let second = self.second;
        let found = self
            .minutes
            .iter()
            .position(|(key, _)| *key == counted)
            .or_else(|| {
                // Those of a former policy give way once nothing is left in them.
                self.minutes
                    .retain(|(key, minute)| is_fixed(*key) || !minute.is_over(second));
                self.minutes.push((counted, Minute::new(second)));
                self.minutes.len().checked_sub(1)
            });
        match found.and_then(|at| self.minutes.get_mut(at)) {
            Some((_, minute)) => {
                minute.observe(second);
                *minute
            }
            None => Minute::new(second),
        }
    }

    fn check_denials(
        &mut self,
        around: Surroundings<'_>,
        is_refused: bool,
        call: Option<CallId>,
        findings: &mut Findings,
    ) {
        self.decisions.observe(is_refused);
        let Some(rule) = around.policy.rules().repeated_denials else {
            return;
        };
        let refused = self.decisions.refused(rule.of);
        if is_refused && refused > rule.more_than {
            let sighting = Sighting {
                observed: refused.into(),
                expected: rule.more_than.into(),
                call,
                ..Sighting::new(AlertKind::RepeatedDenials, "")
            };
            self.tell(around, sighting, findings);
        }
    }

    fn check_scope(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        findings: &mut Findings,
    ) {
        let is_outside = matches!(decided.code, Code::UnknownTool | Code::Indicator);
        if is_outside && around.policy.rules().scope_violation {
            let sighting = Sighting {
                call: Some(decided.subject.call),
                ..Sighting::new(AlertKind::ScopeViolation, decided.subject.tool)
            };
            self.tell(around, sighting, findings);
        }
    }

    fn check_probing(
        &mut self,
        around: Surroundings<'_>,
        target: u64,
        call: Option<CallId>,
        findings: &mut Findings,
    ) {
        let Some(rule) = around.policy.rules().probing else {
            return;
        };
        let within = seconds(rule.within);
        let different = self
            .refused
            .observe((target >> 32) as u32, self.second, within);
        if different >= rule.at_least {
            let sighting = Sighting {
                observed: different.into(),
                expected: rule.at_least.saturating_sub(1).into(),
                call,
                ..Sighting::new(AlertKind::Probing, "")
            };
            self.tell(around, sighting, findings);
        }
    }

    fn check_path(&mut self, around: Surroundings<'_>, target: &AgentId, findings: &mut Findings) {
        let paths = self.covering.paths.iter();
        let paths: SmallVec<[&ExpectedPath; 4]> = paths
            .filter_map(|place| around.policy.path(*place as usize))
            .filter(|path| path.target.covers(target))
            .collect();
        let rules = around.policy.rules();
        if paths.is_empty() && rules.unexpected_path && around.policy.declares_paths() {
            let sighting = Sighting::new(AlertKind::UnexpectedPath, target.as_str());
            self.tell(around, sighting, findings);
        }
        let Some(rule) = rules.rate_anomaly else {
            return;
        };
        for path in paths {
            if let Some(expected) = path.calls_per_minute {
                let sighting = Sighting::new(AlertKind::RateAnomaly, target.as_str());
                self.check_rate(around, path.key, expected, rule, sighting, findings);
            }
        }
    }

    fn check_contacts(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        findings: &mut Findings,
    ) {
        let Some(arguments) = decided.arguments else {
            return;
        };
        let declares = |expected: &ExpectedAgent| expected.destinations.is_some();
        if !around.policy.rules().first_contact || !self.expected(around).any(declares) {
            return;
        }
        destinations(arguments, |host| {
            if !self.is_declared(around, host) {
                self.meet(around, decided, host, findings);
            }
        });
    }

    /// Whether all entries that declare destinations for the agent name this one.
    fn is_declared(&self, around: Surroundings<'_>, host: &str) -> bool {
        self.expected(around)
            .filter_map(|expected| expected.destinations.as_ref())
            .all(|declared| declared.iter().any(|name| name.covers(host)))
    }

    fn meet(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        host: &str,
        findings: &mut Findings,
    ) {
        let tag = around.tags.short(host.to_ascii_lowercase());
        if self.contacts.observe(tag) == Seen::Known {
            return;
        }
        // A destination is a part of an argument, and those are told at this level only.
        let shown = if decided.audit_level >= AuditLevel::Full {
            host.to_owned()
        } else {
            format!("destination {tag:08x}")
        };
        let sighting = Sighting {
            call: Some(decided.subject.call),
            ..Sighting::new(AlertKind::FirstContact, &shown)
        };
        self.tell(around, sighting, findings);
    }

    fn tell(&mut self, around: Surroundings<'_>, sighting: Sighting<'_>, findings: &mut Findings) {
        if self.alerted.as_ref() != Some(around.agent) {
            self.alerted = Some(around.agent.clone());
        }
        let target = || -> Option<Arc<str>> {
            let shown: String = sighting.target.chars().take(MOST_SHOWN).collect();
            (!shown.is_empty()).then(|| shown.into())
        };
        let more = self.desk.admit(
            sighting.kind,
            around.tags.short(sighting.target),
            target,
            sighting.surprise,
            self.second,
            &mut findings.updates,
        );
        if let Some(more) = more {
            findings.alerts.push(Found {
                kind: sighting.kind,
                target: target(),
                observed: sighting.observed,
                expected: sighting.expected,
                surprise: sighting.surprise,
                call: sighting.call,
                more,
            });
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

/// What somebody was after whose call was refused: the tool, where that is refused as such, else this very call. A limit that
/// is used up refuses no target.
fn refused_target(code: Code, tool: u64, call: u64) -> Option<u64> {
    match code {
        Code::UnknownTool => Some(tool),
        Code::MissingParameter | Code::UnexpectedParameter | Code::Constraint | Code::Indicator => {
            Some(call)
        }
        _ => None,
    }
}

fn seconds(duration: std::time::Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}

/// Keys of the minutes that every agent may have; those of paths are their fingerprints.
const CALLS: u64 = 0;
const CREDENTIALS: u64 = 1;

fn is_fixed(key: u64) -> bool {
    key <= CREDENTIALS
}

/// Characters of a name that an alert holds on to.
const MOST_SHOWN: usize = 2048;
