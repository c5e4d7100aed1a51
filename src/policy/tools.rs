//! Holding policies against the tools that a host has.

use super::{AgentPolicy, ToolPermission};
use crate::constraint::{Field, Kinds};
use crate::error::{LoadError, LoadErrorKind};
use crate::json::Span;
use crate::text::{Plain, did_you_mean};
use crate::tool::{ParamSpec, ToolSpec};

impl AgentPolicy {
    /// Checks that every permission names a tool that exists, with parameters that it has and values that they
    /// can take.
    pub(crate) fn check_tools(&self, tools: &[ToolSpec]) -> Result<(), LoadError> {
        self.permissions
            .iter()
            .try_for_each(|permission| self.check_permission(permission, tools))
    }

    fn check_permission(
        &self,
        permission: &ToolPermission,
        tools: &[ToolSpec],
    ) -> Result<(), LoadError> {
        let named: Vec<&ToolSpec> = tools
            .iter()
            .filter(|tool| permission.tool_name.covers(tool.name()))
            .collect();
        if named.is_empty() {
            return Err(self.unknown_tool(permission, tools));
        }
        for field in permission.params().unwrap_or_default() {
            self.check_field(permission, field, &named)?;
        }
        let counted = permission
            .limits
            .iter()
            .flat_map(|limit| limit.parameters());
        for name in counted {
            if !named.iter().any(|tool| tool.parameter(name).is_some()) {
                return Err(self.unknown_parameter(permission, name, permission.span.0, &named));
            }
        }
        named
            .iter()
            .try_for_each(|tool| self.check_required(permission, tool))
    }

    fn unknown_tool(&self, permission: &ToolPermission, tools: &[ToolSpec]) -> LoadError {
        let name = permission.tool_name.as_str();
        let message = match permission.tool_name.is_exact() {
            true => format!("there is no tool `{name}`"),
            false => format!("no tool matches `{name}`"),
        };
        let error = self.error_at(LoadErrorKind::Tools, permission.span.0, message);
        match did_you_mean(name, tools.iter().map(ToolSpec::name)) {
            Some(known) => error.help(format!("did you mean `{known}`?")),
            None => error,
        }
    }

    /// A parameter of a pattern must be one that at least one of the covered tools has, and must fit each that has it.
    fn check_field(
        &self,
        permission: &ToolPermission,
        field: &Field,
        named: &[&ToolSpec],
    ) -> Result<(), LoadError> {
        let mut specs = named
            .iter()
            .filter_map(|tool| Some((*tool, tool.parameter(&field.name)?)))
            .peekable();
        if specs.peek().is_none() {
            return Err(self.unknown_parameter(permission, &field.name, field.span.0, named));
        }
        specs.try_for_each(|(tool, spec)| self.check_type(field, tool, spec))
    }

    fn unknown_parameter(
        &self,
        permission: &ToolPermission,
        name: &str,
        span: Span,
        named: &[&ToolSpec],
    ) -> LoadError {
        let message = match permission.tool_name.is_exact() {
            true => format!(
                "the tool `{}` has no parameter `{}`",
                permission.tool_name,
                Plain(name)
            ),
            false => format!(
                "no tool that `{}` covers has a parameter `{}`",
                permission.tool_name,
                Plain(name)
            ),
        };
        let known = named
            .iter()
            .flat_map(|tool| tool.params().iter().map(ParamSpec::name));
        let error = self.error_at(LoadErrorKind::Tools, span, message);
        match did_you_mean(name, known) {
            Some(known) => error.help(format!("did you mean `{known}`?")),
            None => error,
        }
    }

    fn check_type(
        &self,
        field: &Field,
        tool: &ToolSpec,
        spec: &ParamSpec,
    ) -> Result<(), LoadError> {
        field.constraint.fits(spec.param_type()).map_err(|problem| {
            let message = format!(
                "`{}` of the tool `{}` {problem}",
                Plain(&field.name),
                tool.name()
            );
            self.error_at(LoadErrorKind::Tools, field.span.0, message)
        })
    }

    /// A closed world that leaves out a required parameter could never allow a call.
    fn check_required(
        &self,
        permission: &ToolPermission,
        tool: &ToolSpec,
    ) -> Result<(), LoadError> {
        let Some(params) = permission
            .allowed_params
            .as_ref()
            .filter(|_| !permission.other_params)
        else {
            return Ok(());
        };
        let left_out = tool
            .params()
            .iter()
            .find(|spec| spec.is_required() && params.find(spec.name()).is_none());
        match left_out.filter(|_| permission.tool_name.is_exact()) {
            None => Ok(()),
            Some(spec) => {
                let message = format!(
                    "the tool `{}` requires the parameter `{}`, which `allowed_params` leaves out",
                    tool.name(),
                    spec.name()
                );
                let help = format!("add `{} = {{ any = true }}` or a constraint", spec.name());
                Err(self
                    .error_at(LoadErrorKind::Tools, permission.span.0, message)
                    .help(help))
            }
        }
    }
}

impl ToolPermission {
    /// The named parameters; `None` where any are allowed.
    pub(crate) fn params(&self) -> Option<&[Field]> {
        self.allowed_params
            .as_ref()
            .map(|params| params.0.as_slice())
    }
}

impl crate::constraint::Constraint {
    /// Whether a parameter of this type can hold what the constraint admits.
    fn fits(&self, ty: &crate::tool::ParamType) -> Result<(), String> {
        let taken = Kinds::of(ty.kinds().iter().copied());
        if let Some(value) = self.listed().find(|value| !taken.contains(value.kind())) {
            return Err(format!(
                "takes {}, but the policy lists a value of kind {}",
                kinds_text(taken),
                value.kind()
            ));
        }
        let admitted = self.admitted_kinds();
        if admitted.intersection(taken).is_empty() {
            let message = format!(
                "takes {}, but the policy admits only {}",
                kinds_text(taken),
                kinds_text(admitted)
            );
            return Err(message);
        }
        match ty.element() {
            Some(element) => self.elements().try_for_each(|inner| inner.fits(element)),
            None => Ok(()),
        }
    }
}

fn kinds_text(kinds: Kinds) -> String {
    let names: Vec<&str> = kinds.iter().map(crate::json::Kind::name).collect();
    match names.as_slice() {
        [] => "nothing".to_owned(),
        names => names.join(" or "),
    }
}
