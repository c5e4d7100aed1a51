//! The full trace of a decision: every rule that was consulted and what it said.

use std::fmt;

use super::evaluate::{Matched, Refused};
use super::set::Compiled;
use crate::call::{Arguments, Call};
use crate::constraint::Field;
use crate::decision::{Decision, Rule, Verdict};
use crate::ids::Principal;
use crate::text::Plain;

/// A decision with the trace of every rule that was consulted, also of those behind the one that decided.
///
/// It holds no value of the call beyond what [`Reason`](crate::Reason) may show. `Display` prints it for people.
#[derive(Clone, Debug)]
pub struct Explanation {
    decision: Decision,
    steps: Vec<Step>,
}

/// What one policy, permission or parameter rule said.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step {
    /// Whose policy.
    pub principal: Principal,
    /// The permission; `None` where the policy has none for the tool.
    pub rule: Option<Rule>,
    /// What this step alone would decide.
    pub verdict: Verdict,
    /// What it found, for people.
    pub finding: String,
    /// `file:line:column` of the rule or the parameter, if the policy came from text.
    pub place: Option<String>,
}

impl Explanation {
    /// Consults every rule of `policies`, without stopping at the first that denies.
    pub(super) fn new(
        decision: Decision,
        policies: &[&Compiled],
        call: &Call,
        secret: &[&str],
    ) -> Self {
        let steps = policies
            .iter()
            .flat_map(|compiled| policy_steps(compiled, call, secret))
            .collect();
        Self { decision, steps }
    }

    pub(crate) fn with_decision(self, decision: Decision) -> Self {
        Self { decision, ..self }
    }

    /// The decision.
    #[must_use]
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The steps, in the order agent, user, task.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

fn policy_steps(compiled: &Compiled, call: &Call, secret: &[&str]) -> Vec<Step> {
    let tool = call.tool().as_str();
    let principal = &compiled.policy.principal;
    let matched: Vec<Matched<'_>> = compiled.named(tool).collect();
    if matched.is_empty() {
        let finding = format!("no permission names the tool `{}`", Plain(tool));
        return vec![Step {
            principal: principal.clone(),
            rule: None,
            verdict: Verdict::Deny,
            finding,
            place: None,
        }];
    }
    matched
        .into_iter()
        .flat_map(|matched| permission_steps(matched, call.args().view(), secret))
        .collect()
}

fn permission_steps(matched: Matched<'_>, arguments: Arguments<'_>, secret: &[&str]) -> Vec<Step> {
    let rule = matched.rule().to_rule();
    let at = |place, verdict, finding| Step {
        principal: rule.principal().clone(),
        rule: Some(rule.clone()),
        verdict,
        finding,
        place,
    };
    let step = |verdict, finding: String| at(rule.place(), verdict, finding);
    let mut steps = Vec::new();
    match matched.permission.params() {
        None => steps.push(step(Verdict::Allow, "any arguments are allowed".to_owned())),
        Some(params) => {
            for field in params {
                let (verdict, finding) = field_step(matched, field, arguments, secret);
                let place = matched.compiled.policy.place(field.span.0);
                steps.push(at(place.map(|place| place.to_string()), verdict, finding));
            }
            steps
                .extend(unexpected(matched, arguments).map(|finding| step(Verdict::Deny, finding)));
            if steps.is_empty() {
                steps.push(step(
                    Verdict::Allow,
                    "no arguments are allowed, and there are none".to_owned(),
                ));
            }
        }
    }
    if matched.permission.needs_approval() {
        steps.push(step(Verdict::Ask, "a person must approve".to_owned()));
    }
    for limit in matched.permission.limit_rules(rule.principal()) {
        steps.push(step(
            Verdict::Allow,
            format!("counts against the limit of {limit}"),
        ));
    }
    steps
}

fn field_step(
    matched: Matched<'_>,
    field: &Field,
    arguments: Arguments<'_>,
    secret: &[&str],
) -> (Verdict, String) {
    let name = Plain(&field.name);
    match arguments.get(&field.name) {
        None if field.optional => (Verdict::Allow, format!("`{name}` is absent, and may be")),
        None => (Verdict::Deny, format!("`{name}` is missing")),
        Some(view) if field.constraint.admits(view) => {
            (Verdict::Allow, format!("`{name}` is {}", field.constraint))
        }
        Some(view) => {
            let reason = Refused::Value(field, view).reason(matched, secret);
            (Verdict::Deny, reason.detail().to_string())
        }
    }
}

fn unexpected<'a>(matched: Matched<'a>, arguments: Arguments<'a>) -> impl Iterator<Item = String> {
    let closed = !matched.permission.other_params;
    let known = move |name: &str| {
        matched
            .permission
            .allowed_params
            .as_ref()
            .is_none_or(|params| params.find(name).is_some())
    };
    arguments
        .iter()
        .filter(move |(name, _)| closed && !known(name))
        .map(|(name, _)| format!("`{}` is not one of the named parameters", Plain(name)))
}

impl Step {
    /// What it is a step of: the permission, or the policy where that has none for the tool.
    #[must_use]
    pub fn heading(&self) -> String {
        match &self.rule {
            Some(rule) => rule.to_string(),
            None => format!("the policy of {}", self.principal),
        }
    }
}

/// The finding, with its place where that is not the rule's, which the heading tells.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding)?;
        match (&self.place, &self.rule) {
            (Some(place), Some(rule)) if rule.place().as_ref() != Some(place) => {
                write!(f, " ({place})")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.decision)?;
        let mut last: Option<String> = None;
        for step in &self.steps {
            let heading = step.heading();
            if last.as_ref() != Some(&heading) {
                write!(f, "\n  {heading}")?;
                last = Some(heading);
            }
            write!(f, "\n    {:<5} {step}", step.verdict)?;
        }
        Ok(())
    }
}
