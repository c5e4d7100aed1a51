//! What the arguments of a call name: destinations, and the values of sensitive parameters.

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{AgentState, Findings, Sighting, Surroundings};
use crate::anomaly::alert::AlertKind;
use crate::anomaly::policy::ExpectedAgent;
use crate::anomaly::rules::destinations;
use crate::anomaly::statistics::Seen;
use crate::call::Arguments;
use crate::decision::AuditLevel;
use crate::json::View;
use crate::record::Decided;

impl AgentState {
    pub(super) fn check_arguments(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        findings: &mut Findings,
    ) {
        let Some(arguments) = decided.arguments else {
            return;
        };
        let declares = |expected: &ExpectedAgent| expected.destinations.is_some();
        let rules = around.policy.rules();
        let is_declared = rules.first_contact && self.expected(around).any(declares);
        if is_declared || rules.learning.is_some() {
            for (name, value) in arguments.iter() {
                let is_shown = may_show(decided, name);
                destinations(value, &mut |host| {
                    let named = Named { host, is_shown };
                    self.check_destination(around, decided, named, is_declared, findings);
                });
            }
        }
        self.learn_values(around, decided, arguments, findings);
    }

    fn check_destination(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        Named { host, is_shown }: Named<'_>,
        is_declared: bool,
        findings: &mut Findings,
    ) {
        let tag = around.tags.folded(host);
        let shown = || shown(host, tag, is_shown);
        let call = Some(decided.subject.call);
        if is_declared
            && !self.covers(around, host)
            && matches!(self.contacts.observe(tag), Seen::New(_))
        {
            let target = &shown();
            let sighting = Sighting::new(AlertKind::FirstContact, target);
            self.tell(around, Sighting { call, ..sighting }, findings);
        }
        if let Some(rule) = around.policy.rules().learning
            && let Some(odd) = self.learned(around).destination(tag, rule)
        {
            let sighting = Sighting::odd(AlertKind::NewDestination, odd, call);
            let target = &shown();
            self.tell(around, Sighting { target, ..sighting }, findings);
        }
    }

    /// Whether all entries that declare destinations for the agent name this one.
    fn covers(&self, around: Surroundings<'_>, host: &str) -> bool {
        self.expected(around)
            .filter_map(|expected| expected.destinations.as_ref())
            .all(|declared| declared.iter().any(|name| name.covers(host)))
    }

    fn learn_values(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        arguments: Arguments<'_>,
        findings: &mut Findings,
    ) {
        let Some(rule) = around.policy.rules().learning else {
            return;
        };
        let places: SmallVec<[u32; 2]> = self.covering.agents.clone();
        let names = places
            .iter()
            .filter_map(|place| around.policy.expected(*place as usize))
            .flat_map(|expected| expected.sensitive_arguments.iter());
        for name in names {
            let Some(value) = arguments.get(name).and_then(text_of) else {
                continue;
            };
            let tag = around.tags.short((name, &value));
            if let Some(odd) = self.learned(around).value(tag, rule) {
                let is_shown = may_show(decided, name);
                let target = &format!("{name}: {}", shown(&value, tag, is_shown));
                let call = Some(decided.subject.call);
                let sighting = Sighting::odd(AlertKind::NewValue, odd, call);
                self.tell(around, Sighting { target, ..sighting }, findings);
            }
        }
    }
}

/// A destination, and whether an alert may name it.
struct Named<'a> {
    host: &'a str,
    is_shown: bool,
}

/// Whether an alert may say what a parameter says.
fn may_show(decided: &Decided<'_>, name: &str) -> bool {
    decided.audit_level >= AuditLevel::Full && !decided.secret.contains(&name)
}

/// Arguments are told at the audit level `full` only; at others one can see whether two are the same.
fn shown(value: &str, tag: u32, is_shown: bool) -> String {
    if is_shown {
        value.to_owned()
    } else {
        format!("value {tag:08x}")
    }
}

/// What a sensitive argument says, where that is a single thing.
fn text_of(view: View<'_>) -> Option<Cow<'_, str>> {
    match view {
        View::String(text) => Some(text.into()),
        View::Number(number) => Some(number.to_string().into()),
        View::Bool(value) => Some(if value { "true" } else { "false" }.into()),
        _ => None,
    }
}
