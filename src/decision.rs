//! What was decided about a call, by which rule, and why.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::constraint::Constraint;
use crate::error::{Place, Source};
use crate::ids::{Principal, ToolPattern};
use crate::json::{Kind, Span};
use crate::text::Plain;

/// The answer to a call. A new outcome must break callers, so this is exhaustive on purpose.
///
/// Ordered by strictness: `Allow < Ask < Deny`. The strictest answer of all that apply wins.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The call may run.
    Allow(Reason),
    /// A person must approve this very call first.
    Ask(Reason),
    /// The call must not run.
    Deny(Reason),
}

impl Decision {
    /// Why.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Allow(reason) | Self::Ask(reason) | Self::Deny(reason) => reason,
        }
    }

    /// The bare answer.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Allow(_) => Verdict::Allow,
            Self::Ask(_) => Verdict::Ask,
            Self::Deny(_) => Verdict::Deny,
        }
    }

    /// Whether the call may run.
    #[must_use]
    pub fn is_allow(&self) -> bool {
        matches!(self, Self::Allow(_))
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.verdict(), self.reason())
    }
}

/// A [`Decision`] without its reason, ordered by strictness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// The call may run.
    Allow,
    /// A person must approve it first.
    Ask,
    /// It must not run.
    Deny,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        })
    }
}

/// What a decision rests on, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Code {
    /// Every rule that applies allows it.
    Allowed,
    /// Allowed, but a person must approve.
    ApprovalRequired,
    /// No permission names the tool.
    UnknownTool,
    /// A parameter that must be there is absent.
    MissingParameter,
    /// A parameter that no rule names.
    UnexpectedParameter,
    /// A value that its constraint does not admit.
    Constraint,
    /// A limit on the number of calls is used up.
    Limit,
    /// A budget is used up, or the call does not say what it would spend.
    Budget,
    /// Name or arguments are not well-formed.
    Malformed,
    /// The session's agent, user or task is not one that a policy speaks of, or the session has ended.
    Identity,
    /// Authority was withdrawn.
    Revoked,
    /// The agent is shut out until a person lets it back in.
    Quarantined,
    /// Behaviour out of the ordinary.
    Anomaly,
    /// An indicator of the host's deny list matched.
    Indicator,
    /// The permit was not run within its five seconds.
    Lapsed,
    /// Something broke, and so the call was refused.
    Fault,
}

impl Code {
    /// The code as policies, records and tools write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ApprovalRequired => "approval_required",
            Self::UnknownTool => "unknown_tool",
            Self::MissingParameter => "missing_parameter",
            Self::UnexpectedParameter => "unexpected_parameter",
            Self::Constraint => "constraint",
            Self::Limit => "limit",
            Self::Budget => "budget",
            Self::Malformed => "malformed",
            Self::Identity => "identity",
            Self::Revoked => "revoked",
            Self::Quarantined => "quarantined",
            Self::Anomaly => "anomaly",
            Self::Indicator => "indicator",
            Self::Lapsed => "lapsed",
            Self::Fault => "fault",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One permission of one policy, by reference.
#[derive(Clone, Copy, Debug)]
pub struct RuleRef<'a> {
    /// Whose policy it stands in.
    pub principal: &'a Principal,
    /// The tool name or pattern that it is for.
    pub tool: &'a ToolPattern,
    /// Its position among the policy's permissions, from 0.
    pub index: usize,
    pub(crate) source: Option<&'a Arc<Source>>,
    pub(crate) span: Span,
}

impl RuleRef<'_> {
    pub(crate) fn to_rule(self) -> Rule {
        Rule {
            principal: self.principal.clone(),
            tool: self.tool.clone(),
            index: self.index,
            place: self.source.map(|source| Place { source: Arc::clone(source), span: self.span }),
        }
    }
}

/// The permission that decided: whose, for which tool, and where it stands.
#[derive(Clone, Debug)]
pub struct Rule {
    principal: Principal,
    tool: ToolPattern,
    index: usize,
    place: Option<Place>,
}

impl Rule {
    /// Whose policy it stands in.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The tool name or pattern that it is for.
    #[must_use]
    pub fn tool(&self) -> &ToolPattern {
        &self.tool
    }

    /// Its position among the policy's permissions, from 0.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn as_ref(&self) -> RuleRef<'_> {
        RuleRef {
            principal: &self.principal,
            tool: &self.tool,
            index: self.index,
            source: self.place.as_ref().map(|place| &place.source),
            span: self.place.as_ref().map_or_else(Span::default, |place| place.span),
        }
    }

    /// `file:line:column`, if the policy came from text.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        self.place.as_ref().map(ToString::to_string)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "permission {} `{}` of {}", self.index + 1, self.tool, self.principal)?;
        match &self.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// Why a decision came out as it did: the code, the rule and the facts.
///
/// `Display` is for the operator: it names the rule, the parameter and what was expected. A value appears in it
/// only where the permission's audit level is `full`; otherwise its kind and length.
#[derive(Clone, Debug)]
pub struct Reason(Box<Facts>);

#[derive(Clone, Debug)]
struct Facts {
    code: Code,
    rule: Option<Rule>,
    detail: Detail,
}

/// What was wrong, in the terms of each code.
#[derive(Clone, Debug)]
pub(crate) enum Detail {
    /// Nothing beyond the code.
    None,
    /// The session's policies do not name the tool.
    UnknownTool { tool: String, principal: Principal },
    MissingParameter { name: String },
    UnexpectedParameter { name: String },
    Constraint { path: String, expected: Constraint, got: Got },
    Limit(LimitFacts),
    /// A limit or budget cannot be applied to this call.
    NotCountable { parameter: String, why: &'static str },
    /// A sentence that holds no value of the call.
    Message(String),
}

/// A value as it may be told: its kind and length, and itself only where the policy allows.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) kind: Option<Kind>,
    pub(crate) length: Option<usize>,
    pub(crate) shown: Option<String>,
}

/// The numbers behind a refusal by limit.
#[derive(Clone, Debug)]
pub(crate) struct LimitFacts {
    /// The limit and what is used of it, as text in the unit of the limit: calls, or the summed parameter's.
    pub(crate) limit: String,
    pub(crate) used: String,
    pub(crate) window: Duration,
    pub(crate) retry_after: Option<Duration>,
    /// The limit cannot track any more distinct keys.
    pub(crate) keys_full: bool,
}

impl Reason {
    pub(crate) fn new(code: Code, rule: Option<Rule>, detail: Detail) -> Self {
        Self(Box::new(Facts { code, rule, detail }))
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The permission that decided, if it was one.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.0.rule.as_ref()
    }

    /// When the same call could be allowed again, where time alone cures it.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.0.detail {
            Detail::Limit(facts) => facts.retry_after,
            _ => None,
        }
    }

    /// The parameter at fault, as a path such as `order.items[3].price`; untrusted text made plain.
    #[must_use]
    pub fn parameter(&self) -> Option<String> {
        match &self.0.detail {
            Detail::MissingParameter { name }
            | Detail::UnexpectedParameter { name }
            | Detail::Constraint { path: name, .. }
            | Detail::NotCountable { parameter: name, .. } => Some(Plain(name).to_string()),
            _ => None,
        }
    }

    /// What was wrong, without code and rule.
    pub(crate) fn detail(&self) -> &Detail {
        &self.0.detail
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code())?;
        if !matches!(self.0.detail, Detail::None) {
            write!(f, ": {}", self.0.detail)?;
        }
        match &self.0.rule {
            Some(rule) => write!(f, ", by {rule}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => Ok(()),
            Self::UnknownTool { tool, principal } => {
                write!(f, "no permission of {principal} names the tool `{}`", Plain(tool))
            }
            Self::MissingParameter { name } => write!(f, "the parameter `{}` is missing", Plain(name)),
            Self::UnexpectedParameter { name } => {
                write!(f, "the parameter `{}` is not one that the permission names", Plain(name))
            }
            Self::Constraint { path, expected, got } => {
                write!(f, "`{}` must be {expected}, got {got}", Plain(path))
            }
            Self::Limit(facts) => write!(f, "{facts}"),
            Self::NotCountable { parameter, why } => write!(f, "`{}` {why}", Plain(parameter)),
            Self::Message(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for Got {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(kind) = self.kind else {
            return f.write_str("a number that is not finite");
        };
        match (kind, self.length) {
            (Kind::String, Some(length)) => write!(f, "a string of {length} characters")?,
            (Kind::Array, Some(length)) => write!(f, "an array of {length} elements")?,
            (Kind::Object, Some(length)) => write!(f, "an object of {length} members")?,
            _ => write!(f, "{kind}")?,
        }
        match &self.shown {
            Some(shown) => write!(f, " ({})", Plain(shown)),
            None => Ok(()),
        }
    }
}

impl fmt::Display for LimitFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let window = HumanDuration(self.window);
        if self.keys_full {
            return write!(f, "the limit of {} in {window} tracks as many keys as it may", self.limit);
        }
        write!(f, "{} of {} used in {window}", self.used, self.limit)?;
        match self.retry_after {
            Some(wait) => write!(f, ", free again in {}", HumanDuration(wait)),
            None => f.write_str(", more than it ever allows"),
        }
    }
}

/// A duration for people: `250ms`, `42s`, `10m`, `24h`; rounded up, so that nobody comes back too early.
pub(crate) struct HumanDuration(pub(crate) Duration);

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_nanos().div_ceil(1_000_000);
        let seconds = millis.div_ceil(1000);
        match seconds {
            0 => f.write_str("0s"),
            1 if millis < 1000 => write!(f, "{millis}ms"),
            _ if seconds % 3600 == 0 => write!(f, "{}h", seconds / 3600),
            _ if seconds % 60 == 0 => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

/// How much of a call the log keeps. Ordered: each level holds what the one before does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AuditLevel {
    /// Keyed digests only.
    #[default]
    Standard,
    /// Also the names, kinds and sizes of the arguments.
    Detailed,
    /// Also the arguments themselves, except secret ones.
    Full,
}

impl AuditLevel {
    /// The word a policy uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Detailed => "detailed",
            Self::Full => "full",
        }
    }
}

/// What a tool does to the world. `Write` is the stricter one, and what is assumed where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It only looks.
    Read,
    /// It changes something.
    #[default]
    Write,
}

impl Effect {
    /// The word a policy uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}
