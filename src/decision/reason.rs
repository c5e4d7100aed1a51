use std::fmt;
use std::time::Duration;

use super::{Code, Rule};
use crate::constraint::Constraint;
use crate::ids::Principal;
use crate::json::Kind;
use crate::text::Plain;

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
    UnknownTool {
        tool: String,
        principal: Principal,
    },
    MissingParameter {
        name: String,
    },
    UnexpectedParameter {
        name: String,
    },
    Constraint {
        path: String,
        expected: Constraint,
        got: Got,
    },
    Limit(LimitFacts),
    /// A limit or budget cannot be applied to this call.
    NotCountable {
        parameter: String,
        why: &'static str,
    },
    /// A sentence that holds no value of the call.
    Message(String),
    /// The same, of what time alone cures.
    Wait {
        message: String,
        retry_after: Duration,
    },
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
    /// `None` where it may not be told.
    pub(crate) used: Option<String>,
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
            Detail::Wait { retry_after, .. } => Some(*retry_after),
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
            | Detail::NotCountable {
                parameter: name, ..
            } => Some(Plain(name).to_string()),
            _ => None,
        }
    }

    /// What it rests on, for people, on one line: as `Display`, without code and rule.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.0.detail {
            Detail::None => self.code().meaning().to_owned(),
            detail => detail.to_string(),
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
                write!(
                    f,
                    "no permission of {principal} names the tool `{}`",
                    Plain(tool)
                )
            }
            Self::MissingParameter { name } => {
                write!(f, "the parameter `{}` is missing", Plain(name))
            }
            Self::UnexpectedParameter { name } => {
                write!(
                    f,
                    "the parameter `{}` is not one that the permission names",
                    Plain(name)
                )
            }
            Self::Constraint {
                path,
                expected,
                got,
            } => {
                write!(f, "`{}` must be {expected}, got {got}", Plain(path))
            }
            Self::Limit(facts) => write!(f, "{facts}"),
            Self::NotCountable { parameter, why } => write!(f, "`{}` {why}", Plain(parameter)),
            Self::Message(text) => f.write_str(text),
            Self::Wait {
                message,
                retry_after,
            } => write!(
                f,
                "{message}, free again in {}",
                HumanDuration(*retry_after)
            ),
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
            return write!(
                f,
                "the limit of {} in {window} tracks as many keys as it may",
                self.limit
            );
        }
        match &self.used {
            Some(used) => write!(f, "{used} of {} used in {window}", self.limit)?,
            None => write!(f, "more than the {} in {window}", self.limit)?,
        }
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
            _ if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            _ if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}
