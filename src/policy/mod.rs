//! What agents may do: the typed document, and the program it compiles to.

mod document;
mod evaluate;
mod examples;
mod explain;
mod limits;
mod lint;
mod load;
mod node;
#[cfg(feature = "schema")]
mod schema;
mod set;
mod tools;

use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

pub use explain::{Explanation, Step};
pub use set::PolicySet;

pub(crate) use evaluate::{Matched, Matches, approval_required};
pub(crate) use limits::{KeyPart, LimitKind, LimitRule};
pub(crate) use set::{Group, Groups};

use crate::constraint::{Constraint, Field, Fields};
use crate::decision::{AuditLevel, Effect};
use crate::error::{LoadError, LoadErrorKind, Place, Source, Unseen};
use crate::ids::{AgentId, Principal, TaskId, ToolPattern, UserId};
use crate::json::{Number, Span};

/// What one principal may do: a list of [`ToolPermission`]; everything else is denied.
///
/// Policies are written for agents, and in the same shape for users and tasks. All that apply to a call apply
/// together: adding one never widens.
///
/// ```
/// use portcullis::{AgentId, AgentPolicy, Constraint, ToolPermission};
/// use std::num::NonZeroU32;
///
/// let agent = AgentId::parse("spiffe://example.org/agent/reporter")?;
/// let policy = AgentPolicy::new(agent).permit(
///     ToolPermission::new("query_market_data")?
///         .param("exchange", Constraint::one_of(["NYSE", "LSE"])?)
///         .max_calls_per_minute(NonZeroU32::new(120).unwrap()),
/// )?;
///
/// // The same from a document; `from_toml` and `from_file` read the other forms.
/// let text = r#"{"agent_id": "spiffe://example.org/agent/reporter", "permissions": [
///     {"tool_name": "query_market_data", "allowed_params": {"exchange": ["NYSE", "LSE"]},
///      "max_calls_per_minute": 120}]}"#;
/// assert_eq!(AgentPolicy::from_json(text)?, policy);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AgentPolicy {
    principal: Principal,
    require_user: bool,
    permissions: Vec<ToolPermission>,
    source: Unseen<Option<Arc<Source>>>,
}

/// What a policy says about one tool, or about all tools that a pattern names.
///
/// Without [`param`](Self::param) or [`no_params`](Self::no_params) any arguments are allowed. With them the
/// parameters are a closed world: each must be there unless it is optional, and any other is refused.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolPermission {
    tool_name: ToolPattern,
    allowed_params: Option<Fields>,
    other_params: bool,
    max_calls_per_minute: Option<NonZeroU32>,
    requires_human_approval: bool,
    audit_level: AuditLevel,
    effect: Effect,
    limits: Vec<LimitRule>,
    examples: Vec<examples::Example>,
    span: Unseen<Span>,
}

impl AgentPolicy {
    /// A policy for an agent that denies everything until permissions are added.
    #[must_use]
    pub fn new(agent: AgentId) -> Self {
        Self::for_principal(Principal::Agent(agent))
    }

    /// A policy for all that is done on behalf of a user.
    #[must_use]
    pub fn for_user(user: UserId) -> Self {
        Self::for_principal(Principal::User(user))
    }

    /// A policy for all that is done on a task.
    #[must_use]
    pub fn for_task(task: TaskId) -> Self {
        Self::for_principal(Principal::Task(task))
    }

    fn for_principal(principal: Principal) -> Self {
        Self {
            principal,
            require_user: false,
            permissions: Vec::new(),
            source: Unseen(None),
        }
    }

    /// Adds a permission.
    ///
    /// # Errors
    /// [`LoadError`] if the policy already has one for the same tool name or pattern, or if the permission
    /// counts by a parameter that it does not allow, or names one with a key that is reserved.
    pub fn permit(mut self, permission: ToolPermission) -> Result<Self, LoadError> {
        permission.check_names()?;
        permission
            .check_limits()
            .map_err(|message| LoadError::new(LoadErrorKind::Policy, message))?;
        if self
            .permissions
            .iter()
            .any(|other| other.tool_name == permission.tool_name)
        {
            let message = format!(
                "the tool name `{}` stands twice in this policy",
                permission.tool_name
            );
            return Err(LoadError::new(LoadErrorKind::Policy, message));
        }
        self.permissions.push(permission);
        Ok(self)
    }

    /// Denies sessions of this agent that name no user. Only for agents' policies; elsewhere it has no effect.
    #[must_use]
    pub fn require_user(mut self) -> Self {
        self.require_user = matches!(self.principal, Principal::Agent(_));
        self
    }

    /// Whose policy this is.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The permissions, in document order.
    #[must_use]
    pub fn permissions(&self) -> &[ToolPermission] {
        &self.permissions
    }

    /// How many examples its permissions hold. They were all decided as they say when the policy was loaded.
    #[must_use]
    pub fn example_count(&self) -> usize {
        self.permissions
            .iter()
            .map(|permission| permission.examples.len())
            .sum()
    }

    /// The longest window of any of its limits: after so long without a call, nothing of them is used.
    #[must_use]
    pub fn longest_window(&self) -> Duration {
        self.permissions
            .iter()
            .flat_map(|permission| permission.limit_rules(&self.principal))
            .map(|rule| rule.per)
            .max()
            .unwrap_or(Duration::ZERO)
    }

    /// Whether sessions must name a user.
    #[must_use]
    pub fn requires_user(&self) -> bool {
        self.require_user
    }

    pub(crate) fn error_at(
        &self,
        kind: LoadErrorKind,
        span: Span,
        message: impl Into<String>,
    ) -> LoadError {
        LoadError::new(kind, message).at(self.place(span))
    }

    pub(crate) fn place(&self, span: Span) -> Option<Place> {
        let source = self.source.0.clone()?;
        Some(Place { source, span })
    }
}

impl ToolPermission {
    /// Allows a tool, or all tools that a pattern such as `files/*` names, with any arguments.
    ///
    /// # Errors
    /// [`LoadError`] if the name is not one a tool can have.
    pub fn new(tool_name: &str) -> Result<Self, LoadError> {
        let tool_name = ToolPattern::parse(tool_name)
            .map_err(|error| LoadError::new(LoadErrorKind::Policy, error.to_string()))?;
        Ok(Self::for_tool(tool_name))
    }

    fn for_tool(tool_name: ToolPattern) -> Self {
        Self {
            tool_name,
            allowed_params: None,
            other_params: false,
            max_calls_per_minute: None,
            requires_human_approval: false,
            audit_level: AuditLevel::default(),
            effect: Effect::default(),
            limits: Vec::new(),
            examples: Vec::new(),
            span: Unseen(Span::default()),
        }
    }

    /// A parameter that must be there and hold to this. Naming it again replaces the constraint.
    #[must_use]
    pub fn param(self, name: &str, constraint: Constraint) -> Self {
        self.with_param(name, constraint, false)
    }

    /// A parameter that may be absent; if it is there, it must hold to this.
    #[must_use]
    pub fn optional_param(self, name: &str, constraint: Constraint) -> Self {
        self.with_param(name, constraint, true)
    }

    fn with_param(mut self, name: &str, constraint: Constraint, optional: bool) -> Self {
        let params = &mut self.allowed_params.get_or_insert_default().0;
        let field = Field {
            name: name.into(),
            constraint,
            optional,
            span: Unseen(Span::default()),
        };
        match params.binary_search_by(|other| (*other.name).cmp(name)) {
            Ok(index) => params.splice(index..=index, [field]).for_each(drop),
            Err(index) => params.insert(index, field),
        }
        self
    }

    /// No parameters but those named by [`param`](Self::param); with none named, no arguments at all.
    #[must_use]
    pub fn no_params(mut self) -> Self {
        self.allowed_params.get_or_insert_default();
        self
    }

    /// Lets parameters pass that are not named.
    #[must_use]
    pub fn other_params(mut self) -> Self {
        self.allowed_params.get_or_insert_default();
        self.other_params = true;
        self
    }

    /// At most so many permits in any 60 seconds. Agents' policies allow 60 where nothing is said.
    #[must_use]
    pub fn max_calls_per_minute(mut self, calls: NonZeroU32) -> Self {
        self.max_calls_per_minute = Some(calls);
        self
    }

    /// At most so many permits in any window of this length, counted for each value of the key.
    ///
    /// `by` is one composite key out of `agent`, `user`, `task`, `session`, `tool` and `param:NAME`; empty, there is one
    /// count for the policy's principal.
    ///
    /// # Errors
    /// [`LoadError`] if the window is zero or longer than 366 days, or the key is not understood.
    pub fn limit(
        mut self,
        calls: NonZeroU64,
        per: Duration,
        by: &[&str],
    ) -> Result<Self, LoadError> {
        self.limits
            .push(LimitRule::new(LimitKind::Calls(calls), per, by)?);
        self.order_limits();
        Ok(self)
    }

    /// At most this sum of a numeric parameter in any window of this length. `by` is as for [`limit`](Self::limit).
    ///
    /// # Errors
    /// [`LoadError`] as for [`limit`](Self::limit), or if the sum is not above 0.
    pub fn budget(
        mut self,
        parameter: &str,
        at_most: impl Into<Number>,
        per: Duration,
        by: &[&str],
    ) -> Result<Self, LoadError> {
        let kind = LimitKind::sum(parameter, at_most.into())?;
        self.limits.push(LimitRule::new(kind, per, by)?);
        self.order_limits();
        Ok(self)
    }

    /// Every call needs the approval of a person.
    #[must_use]
    pub fn requires_human_approval(mut self) -> Self {
        self.requires_human_approval = true;
        self
    }

    /// How much the log keeps of each call.
    #[must_use]
    pub fn audit_level(mut self, level: AuditLevel) -> Self {
        self.audit_level = level;
        self
    }

    /// What the tool does; `Write` where nothing is said.
    #[must_use]
    pub fn effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// The tool name or pattern.
    #[must_use]
    pub fn tool_name(&self) -> &ToolPattern {
        &self.tool_name
    }

    pub(crate) fn needs_approval(&self) -> bool {
        self.requires_human_approval
    }

    pub(crate) fn level(&self) -> AuditLevel {
        self.audit_level
    }

    /// The limits by call count a minute, with the default for agents, then the others in document order.
    pub(crate) fn limit_rules(&self, principal: &Principal) -> impl Iterator<Item = LimitRule> {
        let default = matches!(principal, Principal::Agent(_)).then_some(DEFAULT_CALLS_PER_MINUTE);
        let per_minute = self.max_calls_per_minute.or(default);
        let per_minute = per_minute.map(|calls| LimitRule::per_minute(calls.into()));
        per_minute.into_iter().chain(self.limits.iter().cloned())
    }

    /// Limits before budgets, so that equal policies are equal however they were written.
    fn order_limits(&mut self) {
        self.limits
            .sort_by_key(|limit| matches!(limit.kind, LimitKind::Sum { .. }));
    }

    /// A parameter that no argument can have could not be written down either.
    fn check_names(&self) -> Result<(), LoadError> {
        let mut names = self
            .params()
            .unwrap_or_default()
            .iter()
            .map(|field| &field.name);
        names
            .try_for_each(|name| crate::json::check_key(name))
            .map_err(|problem| LoadError::new(LoadErrorKind::Policy, problem.to_string()))
    }

    /// A parameter by which something is counted must be one that a call may have.
    fn check_limits(&self) -> Result<(), String> {
        let Some(params) = self.allowed_params.as_ref().filter(|_| !self.other_params) else {
            return Ok(());
        };
        let unknown = self
            .limits
            .iter()
            .flat_map(LimitRule::parameters)
            .find(|name| params.find(name).is_none());
        match unknown {
            Some(name) => Err(format!(
                "a limit counts by the parameter `{name}`, which is not among `allowed_params`"
            )),
            None => Ok(()),
        }
    }
}

/// What agents' policies allow where they do not say.
const DEFAULT_CALLS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();
