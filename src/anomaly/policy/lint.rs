//! What is probably not meant: expectations that say nothing.

use super::MonitorPolicy;
use crate::error::Place;
use crate::finding::{Finding, Lint, Says};
use crate::ids::AgentPattern;
use crate::json::Span;

impl MonitorPolicy {
    /// Looks for what a policy probably does not mean: rules that have nothing to go by, and expectations that everything
    /// meets. The findings come in the order of the document.
    #[must_use]
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = self.open_weeks();
        findings.extend(self.open_paths());
        findings.extend(self.open_classes());
        findings.extend(self.idle_rules());
        findings.extend(self.waiting_responses());
        findings.sort_by_key(Finding::starts_at);
        findings
    }

    fn open_weeks(&self) -> Vec<Finding> {
        let is_open = |agent: &&super::ExpectedAgent| {
            agent
                .hours
                .as_ref()
                .is_some_and(|hours| hours.is_whole_week())
        };
        let finding = |agent: &super::ExpectedAgent| {
            let says = Says {
                message: format!("the hours of `{}` leave nothing out", agent.agent),
                why: "no time is outside them, so OFF_HOURS never speaks".to_owned(),
                instead: "name the hours of work, or leave `hours` out".to_owned(),
            };
            self.finding(Lint::AlwaysOpen, says, agent.span.0)
        };
        self.agents.iter().filter(is_open).map(finding).collect()
    }

    fn open_paths(&self) -> Vec<Finding> {
        let finding = |path: &super::ExpectedPath| {
            let says = Says {
                message: format!(
                    "the path from `{}` to `{}` joins whole trust domains",
                    path.source, path.target
                ),
                why: "between them no path is unexpected any more".to_owned(),
                instead: "name the agents that speak to each other".to_owned(),
            };
            self.finding(Lint::OpenPath, says, path.span.0)
        };
        self.paths
            .iter()
            .filter(|path| is_domain(&path.source) && is_domain(&path.target))
            .map(finding)
            .collect()
    }

    fn open_classes(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for class in self.classes.iter() {
            for (tool, span) in class.tools.iter().zip(&class.spans.0) {
                let mut others = class.tools.iter().filter(|other| *other != tool);
                // A star in the name is matched by stars only, so what covers the text covers all that it stands for.
                if let Some(wider) = others.find(|other| other.covers(tool.as_str())) {
                    let says = Says {
                        message: format!("`{wider}` covers `{tool}` in `{}` already", class.name),
                        why: "it adds no tool to the resource class".to_owned(),
                        instead: format!("leave `{tool}` out, or narrow `{wider}`"),
                    };
                    findings.push(self.finding(Lint::Duplicate, says, *span));
                }
                if tool.as_str().bytes().all(|byte| byte == b'*') {
                    let says = Says {
                        message: format!("every tool is in the resource class `{}`", class.name),
                        why: "whoever calls any tool reaches it, so reaching it says nothing"
                            .to_owned(),
                        instead: "name the tools that reach it".to_owned(),
                    };
                    findings.push(self.finding(Lint::OpenClass, says, *span));
                }
            }
        }
        findings
    }

    /// Rules that the document names and that nothing in it gives anything to go by.
    fn idle_rules(&self) -> Vec<Finding> {
        let declares = |what: fn(&super::ExpectedAgent) -> bool| self.agents.iter().any(what);
        let has_rates = declares(|agent| agent.calls_per_minute.is_some())
            || self
                .paths
                .iter()
                .any(|path| path.calls_per_minute.is_some());
        let needs = [
            ("unexpected_path", "`paths`", self.declares_paths()),
            ("rate_anomaly", "`calls_per_minute`", has_rates),
            (
                "first_contact",
                "`destinations`",
                declares(|agent| agent.destinations.is_some()),
            ),
            (
                "off_hours",
                "`hours`",
                declares(|agent| agent.hours.is_some()),
            ),
            (
                "lateral_movement",
                "`resource_classes`",
                !self.classes.is_empty(),
            ),
            (
                "credential_spike",
                "`credentials_per_minute`",
                declares(|agent| agent.credentials_per_minute.is_some()),
            ),
        ];
        let named = &self.named_rules.0;
        let idle = needs.into_iter().filter(|(_, _, is_there)| !is_there);
        idle.filter_map(|(rule, what, _)| {
            let (_, span) = named.iter().find(|(name, _)| **name == *rule)?;
            let says = Says {
                message: format!("the rule `{rule}` has nothing to go by"),
                why: format!("it compares with {what}, and there is none"),
                instead: format!("declare {what}, or leave the rule out"),
            };
            Some(self.finding(Lint::IdleRule, says, *span))
        })
        .collect()
    }

    /// Responses to nothing but what was learned or others can bring about, which must wait for something else.
    fn waiting_responses(&self) -> Vec<Finding> {
        let waits = |rule: &&super::ResponseRule| {
            !rule.alone && !rule.response.is_mild() && rule.is_all_in_doubt()
        };
        let finding = |rule: &super::ResponseRule| {
            let response = rule.response;
            let says = Says {
                message: format!("no alert that this is to leads to `{response}` by itself"),
                why: "they rest on what was learned, or on what others do, so one about something else must come within an hour"
                    .to_owned(),
                instead: "say `alone = true`, or `step_up`".to_owned(),
            };
            self.finding(Lint::WaitingResponse, says, rule.span.0)
        };
        self.responses.iter().filter(waits).map(finding).collect()
    }

    fn finding(&self, kind: Lint, says: Says, span: Span) -> Finding {
        let source = self.source.0.clone();
        Finding::new(kind, says, source.map(|source| Place { source, span }))
    }
}

/// Whether a pattern covers all agents of its trust domain that have a path.
fn is_domain(pattern: &AgentPattern) -> bool {
    pattern
        .as_str()
        .strip_prefix("spiffe://")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, path)| path == "*")
}
