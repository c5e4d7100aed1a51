//! From a document to a policy, and back.

use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use super::examples::Example;
use super::limits::{LimitKind, LimitRule};
use super::{AgentPolicy, ToolPermission};
use crate::constraint::ConstraintReader;
use crate::decision::{AuditLevel, Effect, Verdict};
use crate::error::{LoadError, Unseen};
use crate::ids::{AgentId, Principal, TaskId, ToolPattern, UserId};
use crate::json::{Member, Node, Object, Value};
use crate::reading::{Reading, duration_text, parse_duration};

pub(super) const POLICY_KEYS: [&str; 6] = [
    "version",
    "agent_id",
    "user_id",
    "task_id",
    "require_user",
    "permissions",
];
pub(super) const PERMISSION_KEYS: [&str; 10] = [
    "tool_name",
    "allowed_params",
    "other_params",
    "max_calls_per_minute",
    "requires_human_approval",
    "audit_level",
    "effect",
    "limits",
    "budgets",
    "examples",
];
pub(super) const LIMIT_KEYS: [&str; 3] = ["calls", "per", "by"];
pub(super) const BUDGET_KEYS: [&str; 4] = ["sum", "at_most", "per", "by"];
pub(super) const EXAMPLE_KEYS: [&str; 3] = ["allow", "ask", "deny"];
pub(super) const OTHER_PARAMS: [(&str, bool); 2] = [("allow", true), ("deny", false)];
pub(super) const LEVELS: [(&str, AuditLevel); 3] = [
    ("standard", AuditLevel::Standard),
    ("detailed", AuditLevel::Detailed),
    ("full", AuditLevel::Full),
];
pub(super) const EFFECTS: [(&str, Effect); 2] = [("read", Effect::Read), ("write", Effect::Write)];

/// Reads one policy document.
pub(super) fn read_policy(reading: &Reading, node: &Node) -> Result<AgentPolicy, LoadError> {
    let members = reading.members(node, "a policy", &POLICY_KEYS)?;
    if let Some(version) = find(members, "version")
        && reading.count(version)? != 1
    {
        return Err(reading.error(version.span, "only version 1 of the policy format exists"));
    }
    let principal = read_principal(reading, node, members)?;
    let require_user = find(members, "require_user")
        .map(|node| reading.boolean(node))
        .transpose()?;
    if require_user.is_some() && !matches!(principal, Principal::Agent(_)) {
        let at = members
            .iter()
            .find(|member| member.key == "require_user")
            .map_or(node.span, |member| member.key_span);
        return Err(reading.error(at, "`require_user` belongs in an agent's policy"));
    }
    let Some(list) = find(members, "permissions") else {
        let error = reading.error(start_of(node), "the policy has no `permissions`");
        return Err(error.help("write `permissions = []` for a policy that denies everything"));
    };
    let mut constraints = ConstraintReader::new(reading);
    let permissions = reading
        .list(list, "a list of permissions")?
        .iter()
        .map(|node| read_permission(reading, &mut constraints, node))
        .collect::<Result<Vec<_>, _>>()?;
    refuse_repeated_names(reading, &permissions)?;
    let require_user = require_user.unwrap_or(false);
    let policy = AgentPolicy {
        principal,
        require_user,
        permissions,
        source: Unseen(reading.source.clone()),
    };
    policy.check_examples()?;
    Ok(policy)
}

fn read_principal(
    reading: &Reading,
    node: &Node,
    members: &[Member],
) -> Result<Principal, LoadError> {
    let mut named = members
        .iter()
        .filter(|member| matches!(member.key.as_str(), "agent_id" | "user_id" | "task_id"));
    let Some(member) = named.next() else {
        let error = reading.error(start_of(node), "the policy does not say whose it is");
        return Err(error.help("name one of `agent_id`, `user_id` or `task_id`"));
    };
    if let Some(other) = named.next() {
        let message = format!(
            "a policy is for one principal, but this names `{}` and `{}`",
            member.key, other.key
        );
        return Err(reading.error(other.key_span, message));
    }
    let text = reading.string(&member.value)?;
    let principal = match member.key.as_str() {
        "agent_id" => AgentId::parse(text).map(Principal::Agent),
        "user_id" => UserId::parse(text).map(Principal::User),
        _ => TaskId::parse(text).map(Principal::Task),
    };
    principal.map_err(|error| reading.error(member.value.span, error.to_string()))
}

/// The first character of the document, where there is no better place.
fn start_of(node: &Node) -> crate::json::Span {
    let start = node.span.start;
    crate::json::Span {
        start,
        end: start.saturating_add(1).min(node.span.end),
    }
}

fn refuse_repeated_names(
    reading: &Reading,
    permissions: &[ToolPermission],
) -> Result<(), LoadError> {
    let mut seen = std::collections::HashSet::new();
    match permissions
        .iter()
        .find(|permission| !seen.insert(&permission.tool_name))
    {
        None => Ok(()),
        Some(again) => {
            let message = format!(
                "the tool name `{}` stands twice in this policy",
                again.tool_name
            );
            Err(reading
                .error(again.span.0, message)
                .help("put everything about a tool into one permission"))
        }
    }
}

fn read_permission(
    reading: &Reading,
    constraints: &mut ConstraintReader<'_>,
    node: &Node,
) -> Result<ToolPermission, LoadError> {
    let members = reading.members(node, "a permission", &PERMISSION_KEYS)?;
    let Some(name) = find(members, "tool_name") else {
        return Err(reading.error(start_of(node), "the permission has no `tool_name`"));
    };
    let tool_name = ToolPattern::parse(reading.string(name)?).map_err(|error| {
        reading
            .error(name.span, error.to_string())
            .help("`*` stands for any run of these")
    })?;
    let mut permission = ToolPermission::for_tool(tool_name);
    permission.span = Unseen(name.span);
    for member in members {
        read_permission_key(reading, constraints, &mut permission, member)?;
    }
    if permission.other_params && permission.allowed_params.is_none() {
        let message =
            "`other_params` needs `allowed_params` beside it: without, any arguments are allowed";
        return Err(reading.error(name.span, message));
    }
    permission.order_limits();
    permission
        .check_limits()
        .map_err(|message| reading.error(name.span, message))?;
    Ok(permission)
}

fn read_permission_key(
    reading: &Reading,
    constraints: &mut ConstraintReader<'_>,
    permission: &mut ToolPermission,
    member: &Member,
) -> Result<(), LoadError> {
    let node = &member.value;
    match member.key.as_str() {
        "allowed_params" => permission.allowed_params = Some(constraints.fields(node)?),
        "other_params" => permission.other_params = reading.word(node, &OTHER_PARAMS)?,
        "max_calls_per_minute" => {
            permission.max_calls_per_minute = Some(read_per_minute(reading, node)?)
        }
        "requires_human_approval" => permission.requires_human_approval = reading.boolean(node)?,
        "audit_level" => permission.audit_level = reading.word(node, &LEVELS)?,
        "effect" => permission.effect = reading.word(node, &EFFECTS)?,
        "limits" => permission
            .limits
            .extend(read_limits(reading, node, &LIMIT_KEYS, read_calls)?),
        "budgets" => permission
            .limits
            .extend(read_limits(reading, node, &BUDGET_KEYS, read_sum)?),
        "examples" => permission.examples = read_examples(reading, node)?,
        _ => {}
    }
    Ok(())
}

fn read_per_minute(reading: &Reading, node: &Node) -> Result<NonZeroU32, LoadError> {
    let count = reading.count(node)?;
    u32::try_from(count)
        .ok()
        .and_then(NonZeroU32::new)
        .ok_or_else(|| {
            let error = reading.error(node.span, "the limit must be from 1 to 4294967295");
            error.help("leave the permission out to allow no calls")
        })
}

/// `limits` and `budgets` differ only in what they count.
fn read_limits(
    reading: &Reading,
    node: &Node,
    keys: &[&str],
    read_kind: fn(&Reading, &Node, &[Member]) -> Result<LimitKind, LoadError>,
) -> Result<Vec<LimitRule>, LoadError> {
    let elements = reading.list(node, "a list of limits")?;
    if elements.is_empty() {
        return Err(reading.error(node.span, "the list must not be empty"));
    }
    elements
        .iter()
        .map(|element| {
            let members = reading.members(element, "a limit", keys)?;
            let kind = read_kind(reading, element, members)?;
            let per = read_window(reading, required(reading, element, members, "per")?)?;
            let by = find(members, "by")
                .map(|node| read_key(reading, node))
                .transpose()?
                .unwrap_or_default();
            LimitRule::new(kind, per, &by).map_err(|error| error.at(reading.place(element.span)))
        })
        .collect()
}

fn read_calls(reading: &Reading, node: &Node, members: &[Member]) -> Result<LimitKind, LoadError> {
    let calls = required(reading, node, members, "calls")?;
    let count = NonZeroU64::new(reading.count(calls)?);
    count
        .map(LimitKind::Calls)
        .ok_or_else(|| reading.error(calls.span, "the limit must be at least 1"))
}

fn read_sum(reading: &Reading, node: &Node, members: &[Member]) -> Result<LimitKind, LoadError> {
    let parameter = reading.string(required(reading, node, members, "sum")?)?;
    let at_most = required(reading, node, members, "at_most")?;
    LimitKind::sum(parameter, reading.number(at_most)?)
        .map_err(|error| error.at(reading.place(at_most.span)))
}

fn read_window(reading: &Reading, node: &Node) -> Result<Duration, LoadError> {
    parse_duration(reading.string(node)?).ok_or_else(|| {
        let error = reading.error(node.span, "the window is not a duration");
        error.help("write a whole number and a unit: `500ms`, `60s`, `10m`, `24h` or `7d`")
    })
}

fn read_key<'n>(reading: &Reading, node: &'n Node) -> Result<Vec<&'n str>, LoadError> {
    let parts = reading.list(node, "a list of key parts")?;
    if parts.is_empty() {
        return Err(reading
            .error(node.span, "the key must not be empty")
            .help("leave `by` out for a single count"));
    }
    parts.iter().map(|part| reading.string(part)).collect()
}

fn read_examples(reading: &Reading, node: &Node) -> Result<Vec<Example>, LoadError> {
    let members = reading.members(node, "the examples", &EXAMPLE_KEYS)?;
    let mut examples = Vec::new();
    for member in members {
        let expected = match member.key.as_str() {
            "allow" => Verdict::Allow,
            "ask" => Verdict::Ask,
            _ => Verdict::Deny,
        };
        for element in reading.list(&member.value, "a list of argument objects")? {
            let value = element
                .to_value()
                .map_err(|error| reading.error(element.span, error.kind().to_string()))?;
            let Value::Object(arguments) = value else {
                return Err(reading.unexpected(element, "an argument object"));
            };
            examples.push(Example {
                expected,
                arguments,
                span: Unseen(element.span),
            });
        }
    }
    // Formats differ in whether they keep the order of keys.
    examples.sort_by_key(|example| example.expected);
    Ok(examples)
}

fn find<'m>(members: &'m [Member], key: &str) -> Option<&'m Node> {
    members
        .iter()
        .find(|member| member.key == key)
        .map(|member| &member.value)
}

fn required<'m>(
    reading: &Reading,
    node: &Node,
    members: &'m [Member],
    key: &str,
) -> Result<&'m Node, LoadError> {
    find(members, key).ok_or_else(|| reading.error(node.span, format!("`{key}` is missing")))
}

/// Back to the document form, which reads as the same policy.
impl AgentPolicy {
    /// The policy as a document value.
    pub(crate) fn to_value(&self) -> Value {
        let mut entries = vec![
            ("version".to_owned(), Value::from(1)),
            (
                self.principal.key().to_owned(),
                Value::from(self.principal.as_str()),
            ),
        ];
        if self.require_user {
            entries.push(("require_user".to_owned(), Value::Bool(true)));
        }
        let permissions = self
            .permissions
            .iter()
            .map(ToolPermission::to_value)
            .collect();
        entries.push(("permissions".to_owned(), Value::Array(permissions)));
        object(entries)
    }
}

impl ToolPermission {
    fn to_value(&self) -> Value {
        let mut entries = vec![("tool_name".to_owned(), Value::from(self.tool_name.as_str()))];
        let mut put = |key: &str, value: Value| entries.push((key.to_owned(), value));
        if let Some(params) = &self.allowed_params {
            put("allowed_params", params.to_value());
        }
        if self.other_params {
            put("other_params", "allow".into());
        }
        if let Some(calls) = self.max_calls_per_minute {
            put("max_calls_per_minute", calls.get().into());
        }
        if self.requires_human_approval {
            put("requires_human_approval", true.into());
        }
        if self.audit_level != AuditLevel::default() {
            put("audit_level", self.audit_level.as_str().into());
        }
        if self.effect != Effect::default() {
            put("effect", self.effect.as_str().into());
        }
        let (calls, sums): (Vec<_>, Vec<_>) = self
            .limits
            .iter()
            .partition(|limit| matches!(limit.kind, LimitKind::Calls(_)));
        for (key, limits) in [("limits", calls), ("budgets", sums)] {
            if !limits.is_empty() {
                put(
                    key,
                    Value::Array(limits.into_iter().map(limit_value).collect()),
                );
            }
        }
        if !self.examples.is_empty() {
            put("examples", Example::list_value(&self.examples));
        }
        object(entries)
    }
}

fn limit_value(limit: &LimitRule) -> Value {
    let mut entries = vec![("per".to_owned(), Value::from(duration_text(limit.per)))];
    match &limit.kind {
        LimitKind::Calls(calls) => entries.push(("calls".to_owned(), calls.get().into())),
        LimitKind::Sum { parameter, at_most } => {
            entries.push(("sum".to_owned(), Value::from(&**parameter)));
            entries.push(("at_most".to_owned(), Value::Number(*at_most)));
        }
    }
    if !limit.by.is_empty() {
        let parts = limit
            .by
            .iter()
            .map(|part| Value::from(part.to_text()))
            .collect();
        entries.push(("by".to_owned(), Value::Array(parts)));
    }
    object(entries)
}

/// Keys are unique by construction.
pub(super) fn object(entries: Vec<(String, Value)>) -> Value {
    Value::Object(Object::from_entries(entries).unwrap_or_default())
}

impl serde::Serialize for AgentPolicy {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

/// Any serde format. A format that repeats keys is refused, also inside constraints.
impl<'de> serde::Deserialize<'de> for AgentPolicy {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let node = super::node::deserialize(deserializer)?;
        read_policy(&Reading::default(), &node).map_err(serde::de::Error::custom)
    }
}
