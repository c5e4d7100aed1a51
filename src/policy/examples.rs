//! A policy's own examples, checked when it loads.

use super::document::object;
use super::set::{Compiled, PolicySet};
use super::{AgentPolicy, ToolPermission};
use crate::call::{Args, ArgsError, Call};
use crate::decision::{Decision, Verdict};
use crate::error::{LoadError, LoadErrorKind, Unseen};
use crate::ids::ToolName;
use crate::json::{Object, Span, Value};

/// Arguments, and what the policy is meant to say to them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Example {
    pub(super) expected: Verdict,
    pub(super) arguments: Object,
    pub(super) span: Unseen<Span>,
}

impl Example {
    fn args(&self) -> Result<Args, ArgsError> {
        Args::try_from(self.arguments.clone())
    }

    pub(super) fn list_value(examples: &[Self]) -> Value {
        let entries = Verdict::ALL.into_iter().filter_map(|expected| {
            let listed: Vec<Value> = examples
                .iter()
                .filter(|example| example.expected == expected)
                .map(|example| Value::Object(example.arguments.clone()))
                .collect();
            (!listed.is_empty()).then(|| (expected.as_str().to_owned(), Value::Array(listed)))
        });
        object(entries.collect())
    }
}

impl AgentPolicy {
    /// Decides every example by this policy alone, limits aside. A permission with a pattern for a name is tried
    /// on its own, since no tool is named.
    pub(super) fn check_examples(&self) -> Result<(), LoadError> {
        if self
            .permissions
            .iter()
            .all(|permission| permission.examples.is_empty())
        {
            return Ok(());
        }
        let set = PolicySet::new([self.clone()]);
        let compiled = set.compiled().first();
        let failures = self.permissions.iter().flat_map(|permission| {
            let check = move |example| self.check_example(compiled, permission, example).err();
            permission.examples.iter().filter_map(check)
        });
        LoadError::first_of(failures).map_or(Ok(()), Err)
    }

    fn check_example(
        &self,
        compiled: Option<&Compiled>,
        permission: &ToolPermission,
        example: &Example,
    ) -> Result<(), LoadError> {
        let args = example.args().map_err(|error| {
            self.error_at(LoadErrorKind::Example, example.span.0, error.to_string())
        })?;
        let decision = match (ToolName::parse(permission.tool_name.as_str()), compiled) {
            (Ok(tool), Some(compiled)) => {
                let call = Call::new(tool, args);
                super::Matches(compiled.named(call.tool().as_str()).collect())
                    .decide(call.args().view(), &[])
            }
            _ => permission.decide_alone(self, &args),
        };
        self.compare(permission, example, &decision)
    }

    fn compare(
        &self,
        permission: &ToolPermission,
        example: &Example,
        decision: &Decision,
    ) -> Result<(), LoadError> {
        if decision.verdict() == example.expected {
            return Ok(());
        }
        let message = format!(
            "this example of `{}` should be decided `{}`, but is `{}`",
            permission.tool_name,
            example.expected,
            decision.verdict()
        );
        Err(self
            .error_at(LoadErrorKind::Example, example.span.0, message)
            .help(format!("the reason is: {}", decision.reason())))
    }
}

impl ToolPermission {
    fn decide_alone(&self, policy: &AgentPolicy, args: &Args) -> Decision {
        let alone = AgentPolicy {
            permissions: vec![self.clone()],
            ..policy.clone()
        };
        let set = PolicySet::new([alone]);
        let matched = set.compiled().iter().filter_map(|compiled| {
            let permission = compiled.policy.permissions.first()?;
            Some(super::Matched {
                compiled,
                index: 0,
                permission,
            })
        });
        super::Matches(matched.collect()).decide(args.view(), &[])
    }
}
