//! What is learned of an agent, event by event.

use super::{AgentState, Findings, Sighting, Surroundings};
use crate::anomaly::alert::{AlertKind, Baseline};
use crate::anomaly::learned::{Learned, Odd, OddRate};
use crate::anomaly::tags::About;
use crate::ids::AgentId;
use crate::record::{CallId, Decided, Ended, Outcome};

impl AgentState {
    pub(super) fn learn_call(
        &mut self,
        around: Surroundings<'_>,
        decided: &Decided<'_>,
        is_refused: bool,
        findings: &mut Findings,
    ) {
        let Some(rule) = around.policy.rules().learning else {
            return;
        };
        let (second, tool) = (self.second, decided.subject.tool);
        let hash = About::Tool(tool).tag(around.tags);
        let learned = self.learned(around);
        let all = learned.call(second, rule);
        let edge = learned.edge(edge_tag(hash), second, rule);
        let endpoint = learned.endpoint(hash, second, rule);
        let denial = learned.decided(is_refused, rule);
        let hour = learned.hour(around.hour());
        let step = learned.step((hash >> 16) as u16, rule);
        let mut teller = Teller {
            state: self,
            around,
            call: Some(decided.subject.call),
            findings,
        };
        // One burst is told once: of the tool where that says more.
        let is_of_tool = surprise(edge) > surprise(all);
        teller.rate(all.filter(|all| !is_of_tool || !all.is_high()), "");
        teller.rate(edge.filter(|edge| is_of_tool || !edge.is_high()), tool);
        teller.odd(AlertKind::Endpoints, endpoint, "");
        teller.odd(AlertKind::DenialRate, denial, "");
        teller.odd(AlertKind::OddHour, hour, "");
        teller.odd(AlertKind::OddStep, step, tool);
    }

    pub(super) fn learn_end(
        &mut self,
        around: Surroundings<'_>,
        ended: &Ended<'_>,
        findings: &mut Findings,
    ) {
        let Some(rule) = around.policy.rules().learning else {
            return;
        };
        if ended.outcome != Outcome::Completed {
            return;
        }
        let tool = ended.subject.tool;
        let tag = edge_tag(About::Tool(tool).tag(around.tags));
        let micros = u64::try_from(ended.latency.as_micros()).unwrap_or(u64::MAX);
        let learned = self.learned(around);
        let latency = learned.latency(tag, micros, rule);
        let length = ended
            .result
            .and_then(|result| learned.length(tag, result.size, rule));
        let mut teller = Teller {
            state: self,
            around,
            call: Some(ended.subject.call),
            findings,
        };
        teller.odd(AlertKind::Latency, latency, tool);
        teller.odd(AlertKind::ResultLength, length, tool);
    }

    pub(super) fn learn_interaction(
        &mut self,
        around: Surroundings<'_>,
        target: &AgentId,
        is_refused: bool,
        findings: &mut Findings,
    ) {
        let Some(rule) = around.policy.rules().learning else {
            return;
        };
        let second = self.second;
        let hash = About::Agent(target).tag(around.tags);
        let learned = self.learned(around);
        let rate = learned.edge(edge_tag(hash), second, rule);
        let peer = learned.peer(edge_tag(hash), rule);
        let endpoint = learned.endpoint(hash, second, rule);
        let denial = learned.decided(is_refused, rule);
        let mut teller = Teller {
            state: self,
            around,
            call: None,
            findings,
        };
        teller.rate(rate, target.as_str());
        teller.odd(AlertKind::NewDestination, peer, target.as_str());
        teller.odd(AlertKind::Endpoints, endpoint, "");
        teller.odd(AlertKind::DenialRate, denial, "");
    }

    pub(super) fn learned(&mut self, around: Surroundings<'_>) -> &mut Learned {
        let declared = match self.learned {
            None => self.declared_calls(around),
            Some(_) => None,
        };
        let begin = || Box::new(Learned::new(self.second, around.hour(), declared));
        self.learned.get_or_insert_with(begin)
    }

    pub(super) fn baseline(&self, kind: AlertKind) -> Option<Baseline> {
        let learned = self.learned.as_ref().filter(|_| kind.is_learned())?;
        Some(learned.history(self.second))
    }
}

/// Tells what is odd about one event.
struct Teller<'t> {
    state: &'t mut AgentState,
    around: Surroundings<'t>,
    call: Option<CallId>,
    findings: &'t mut Findings,
}

impl Teller<'_> {
    fn rate(&mut self, rate: Option<OddRate>, target: &str) {
        match rate {
            Some(OddRate::High(odd)) => self.odd(AlertKind::CallRate, Some(odd), target),
            Some(OddRate::Known) => {
                self.state
                    .see_known(self.around, AlertKind::CallRate, target, self.findings);
            }
            Some(OddRate::Shifted(shift)) => {
                let sighting = Sighting {
                    observed: shift.to,
                    expected: shift.from,
                    call: self.call,
                    ..Sighting::new(AlertKind::BaselineShift, target)
                };
                self.state.tell(self.around, sighting, self.findings);
            }
            None => {}
        }
    }

    fn odd(&mut self, kind: AlertKind, odd: Option<Odd>, target: &str) {
        if let Some(odd) = odd {
            let sighting = Sighting::odd(kind, odd, self.call);
            let sighting = Sighting { target, ..sighting };
            self.state.tell(self.around, sighting, self.findings);
        }
    }
}

fn surprise(rate: Option<OddRate>) -> f64 {
    rate.map_or(0.0, OddRate::surprise)
}

fn edge_tag(hash: u64) -> u32 {
    (hash >> 32) as u32
}
