//! Deciding a call against the policies that apply to it.

use smallvec::SmallVec;

use super::ToolPermission;
use super::set::{Compiled, Groups, PolicySet};
use crate::call::Arguments;
use crate::constraint::{Field, Problem, length};
use crate::decision::{AuditLevel, Code, Decision, Detail, Effect, Got, Reason, RuleRef};
use crate::json::View;

/// One permission that speaks of the tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Matched<'p> {
    pub(crate) compiled: &'p Compiled,
    /// Its position in its policy.
    pub(crate) index: usize,
    pub(crate) permission: &'p ToolPermission,
}

/// Every permission that speaks of the tool, over all policies that apply. All of them must allow the call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matches<'p>(pub(crate) SmallVec<[Matched<'p>; 4]>);

impl<'p> Matched<'p> {
    pub(crate) fn rule(self) -> RuleRef<'p> {
        let policy = &self.compiled.policy;
        RuleRef {
            principal: &policy.principal,
            tool: &self.permission.tool_name,
            index: self.index,
            source: policy.source.0.as_ref(),
            span: self.permission.span.0,
        }
    }
}

impl<'p> Matches<'p> {
    /// Looks the tool up in each policy of the groups. A policy that does not name it denies the call.
    pub(crate) fn find(set: &'p PolicySet, groups: Groups, tool: &str) -> Result<Self, Reason> {
        let mut matches = Self::default();
        matches.fill(set, groups, tool).map(|()| matches)
    }

    /// As [`find`](Self::find), in place; on an error nothing matches.
    pub(crate) fn fill(
        &mut self,
        set: &'p PolicySet,
        groups: Groups,
        tool: &str,
    ) -> Result<(), Reason> {
        for group in groups.into_iter().flatten() {
            for compiled in set.group(group) {
                if !compiled.extend_with(tool, &mut self.0) {
                    self.0.clear();
                    return Err(unknown_tool(compiled, tool));
                }
            }
        }
        // Whoever finds no permission must not take that for there being nothing to check.
        if self.0.is_empty() {
            return Err(nothing_applies());
        }
        Ok(())
    }

    /// Whether every permission admits the arguments. Of several that do not, the least code is the reason, so that
    /// the order of policies and permissions does not show in it.
    pub(crate) fn check(&self, arguments: Arguments<'_>, secret: &[&str]) -> Result<(), Reason> {
        let mut least: Option<(Matched<'_>, Refused<'_, '_>)> = None;
        for matched in &self.0 {
            if let Err(refused) = matched.permission.check(arguments)
                && least.is_none_or(|(_, least)| refused.code() < least.code())
            {
                least = Some((*matched, refused));
            }
        }
        match least {
            None => Ok(()),
            Some((matched, refused)) => Err(refused.reason(matched, secret)),
        }
    }

    /// The most that any permission asks the log to keep.
    pub(crate) fn audit_level(&self) -> AuditLevel {
        self.0
            .iter()
            .map(|matched| matched.permission.audit_level)
            .max()
            .unwrap_or_default()
    }

    /// The strictest that any permission says.
    pub(crate) fn effect(&self) -> Effect {
        self.0
            .iter()
            .map(|matched| matched.permission.effect)
            .max()
            .unwrap_or_default()
    }

    /// The first permission that wants a person's approval.
    pub(crate) fn approval(&self) -> Option<Matched<'p>> {
        self.0
            .iter()
            .copied()
            .find(|matched| matched.permission.requires_human_approval)
    }

    pub(crate) fn first(&self) -> Option<Matched<'p>> {
        self.0.first().copied()
    }

    /// The decision of the policies alone, without limits.
    pub(crate) fn decide(&self, arguments: Arguments<'_>, secret: &[&str]) -> Decision {
        self.refusal(arguments, secret).unwrap_or_else(|| {
            let rule = self.first().map(|matched| matched.rule().to_rule());
            Decision::Allow(Reason::new(Code::Allowed, rule, Detail::None))
        })
    }

    /// As [`decide`](Self::decide), but `None` where the call is allowed; then nothing is allocated.
    pub(crate) fn refusal(&self, arguments: Arguments<'_>, secret: &[&str]) -> Option<Decision> {
        match (self.check(arguments, secret), self.approval()) {
            (Err(reason), _) => Some(Decision::Deny(reason)),
            (Ok(()), Some(matched)) => Some(Decision::Ask(approval_required(matched))),
            (Ok(()), None) => None,
        }
    }
}

#[cold]
fn nothing_applies() -> Reason {
    Reason::new(
        Code::Fault,
        None,
        Detail::Message("no policy applied to the call".to_owned()),
    )
}

#[cold]
fn unknown_tool(compiled: &Compiled, tool: &str) -> Reason {
    let principal = compiled.policy.principal.clone();
    Reason::new(
        Code::UnknownTool,
        None,
        Detail::UnknownTool {
            tool: tool.to_owned(),
            principal,
        },
    )
}

pub(crate) fn approval_required(matched: Matched<'_>) -> Reason {
    Reason::new(
        Code::ApprovalRequired,
        Some(matched.rule().to_rule()),
        Detail::None,
    )
}

/// Why a permission does not admit the arguments.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refused<'p, 'v> {
    Missing(&'p Field),
    Unexpected(&'v str),
    Value(&'p Field, View<'v>),
}

impl ToolPermission {
    /// Allocates nothing. Missing parameters are looked for last, once it is known that some are.
    pub(super) fn check<'p, 'v>(&'p self, arguments: Arguments<'v>) -> Result<(), Refused<'p, 'v>> {
        let Some(params) = &self.allowed_params else {
            return Ok(());
        };
        let mut found = 0;
        let one = |name: &'v str, view: View<'v>| {
            match params.find(name) {
                Some(field) if field.constraint.admits(view) => found += 1,
                Some(field) => return Err(Refused::Value(field, view)),
                None if self.other_params => {}
                None => return Err(Refused::Unexpected(name)),
            }
            Ok(())
        };
        each(arguments, one)?;
        if found == params.0.len() {
            return Ok(());
        }
        let missing = |field: &&Field| !field.optional && arguments.get(&field.name).is_none();
        match params.0.iter().find(missing) {
            Some(field) => Err(Refused::Missing(field)),
            None => Ok(()),
        }
    }
}

/// Every argument until an error. Each form has a loop of its own, which is faster than one iterator for both.
fn each<'v, E>(
    arguments: Arguments<'v>,
    mut one: impl FnMut(&'v str, View<'v>) -> Result<(), E>,
) -> Result<(), E> {
    match arguments {
        Arguments::Parsed(object) => object
            .iter()
            .try_for_each(|(name, value)| one(name, value.view())),
        Arguments::Typed(fields) => fields
            .iter()
            .try_for_each(|(name, view)| view.map_or(Ok(()), |view| one(name, view))),
    }
}

impl Refused<'_, '_> {
    pub(super) fn reason(self, matched: Matched<'_>, secret: &[&str]) -> Reason {
        let rule = Some(matched.rule().to_rule());
        Reason::new(
            self.code(),
            rule,
            self.detail(matched.permission.audit_level, secret),
        )
    }

    fn code(&self) -> Code {
        match self {
            Self::Missing(_) => Code::MissingParameter,
            Self::Unexpected(_) => Code::UnexpectedParameter,
            Self::Value(..) => Code::Constraint,
        }
    }

    fn detail(self, level: AuditLevel, secret: &[&str]) -> Detail {
        match self {
            Self::Missing(field) => Detail::MissingParameter {
                name: field.name.to_string(),
            },
            Self::Unexpected(name) => Detail::UnexpectedParameter {
                name: name.to_owned(),
            },
            Self::Value(field, view) => {
                // Even the names inside a secret are part of it.
                if secret.contains(&&*field.name) {
                    let expected = field.constraint.clone();
                    return Detail::Constraint {
                        path: field.name.to_string(),
                        expected,
                        got: told(view, false),
                    };
                }
                constraint_detail(field, view, level >= AuditLevel::Full)
            }
        }
    }
}

fn constraint_detail(field: &Field, view: View<'_>, show: bool) -> Detail {
    let failure = field.constraint.diagnose(view);
    let path = format!("{}{}", field.name, failure.path);
    match failure.problem {
        Problem::Value { expected, got } => Detail::Constraint {
            path,
            expected: expected.clone(),
            got: told(got, show),
        },
        Problem::MissingField => Detail::MissingParameter { name: path },
        Problem::UnexpectedField => Detail::UnexpectedParameter { name: path },
    }
}

/// The longest value that is kept for a message, in bytes of JSON.
const TOLD: usize = 256;

fn told(view: View<'_>, show: bool) -> Got {
    let shown = show.then(|| {
        let mut text = String::new();
        view.write_json(&mut text);
        let end = (0..=TOLD.min(text.len()))
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        text.truncate(end);
        text
    });
    Got {
        kind: view.kind(),
        length: length(view),
        shown,
    }
}
