//! The rules on what was declared.

use smallvec::SmallVec;

use super::{AgentState, Findings, Sighting, Surroundings, seconds};
use crate::anomaly::alert::AlertKind;
use crate::anomaly::policy::{ExpectedPath, Ratio};
use crate::anomaly::rules::Minute;
use crate::decision::Code;
use crate::ids::AgentId;
use crate::record::{CallId, Decided};

impl AgentState {
    pub(super) fn check_hours(
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

    pub(super) fn check_calls(
        &mut self,
        around: Surroundings<'_>,
        call: CallId,
        findings: &mut Findings,
    ) {
        let expected = self.declared_calls(around);
        if let (Some(expected), Some(rule)) = (expected, around.policy.rules().rate_anomaly) {
            let sighting = Sighting {
                call: Some(call),
                ..Sighting::new(AlertKind::RateAnomaly, "")
            };
            self.check_rate(around, CALLS, expected, rule, sighting, findings);
        }
    }

    pub(super) fn check_rate(
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

    pub(super) fn check_denials(
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

    pub(super) fn check_scope(
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

    pub(super) fn check_probing(
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

    pub(super) fn check_path(
        &mut self,
        around: Surroundings<'_>,
        target: &AgentId,
        findings: &mut Findings,
    ) {
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
}

impl AgentState {
    /// The agent has come to a class of resources for the first time, through others and over something that is new.
    pub(in crate::anomaly) fn moved(
        &mut self,
        around: Surroundings<'_>,
        class: &str,
        hops: u32,
        call: CallId,
    ) -> Findings {
        let mut findings = Findings::default();
        self.begin(around);
        let sighting = Sighting {
            observed: hops.into(),
            call: Some(call),
            ..Sighting::new(AlertKind::LateralMovement, class)
        };
        self.tell(around, sighting, &mut findings);
        findings
    }
}

/// What somebody was after whose call was refused: the tool, where that is refused as such, else this very call. A limit that
/// is used up refuses no target.
pub(super) fn refused_target(code: Code, tool: u64, call: u64) -> Option<u64> {
    match code {
        Code::UnknownTool => Some(tool),
        Code::MissingParameter | Code::UnexpectedParameter | Code::Constraint | Code::Indicator => {
            Some(call)
        }
        _ => None,
    }
}

/// Keys of the minutes that every agent may have; those of paths are their fingerprints.
const CALLS: u64 = 0;
pub(super) const CREDENTIALS: u64 = 1;

fn is_fixed(key: u64) -> bool {
    key <= CREDENTIALS
}
