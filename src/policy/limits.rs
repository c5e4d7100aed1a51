//! What a permission says about how often and how much.

use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

use super::ToolPermission;
use crate::error::{LoadError, LoadErrorKind};
use crate::ids::Principal;
use crate::json::Number;
use crate::reading::duration_text;
use crate::text::Plain;

/// So much, in so long, counted by this key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct LimitRule {
    pub(crate) kind: LimitKind,
    pub(crate) per: Duration,
    /// Sorted and without duplicates; empty for one count.
    pub(crate) by: Vec<KeyPart>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum LimitKind {
    Calls(NonZeroU64),
    Sum {
        parameter: Box<str>,
        at_most: Number,
    },
}

/// One part of the key by which a limit counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyPart {
    Agent,
    User,
    Task,
    Session,
    Tool,
    Param(Box<str>),
}

impl LimitKind {
    pub(crate) fn sum(parameter: &str, at_most: Number) -> Result<Self, LoadError> {
        // What can be counted in steps of 1e-9, with room for sums.
        if !(1e-9..=1e27).contains(&at_most.to_f64_lossy()) {
            return Err(invalid("a budget must be from 1e-9 to 1e27"));
        }
        Ok(Self::Sum {
            parameter: parameter.into(),
            at_most,
        })
    }
}

impl LimitRule {
    /// The longest window.
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

    pub(crate) fn new(kind: LimitKind, per: Duration, by: &[&str]) -> Result<Self, LoadError> {
        if per.is_zero() || per > Self::LONGEST || !per.as_nanos().is_multiple_of(1_000_000) {
            return Err(invalid(
                "a window must be whole milliseconds, at least 1 and at most 366 days",
            ));
        }
        let mut parts = by
            .iter()
            .map(|part| KeyPart::parse(part))
            .collect::<Result<Vec<_>, _>>()?;
        parts.sort();
        if parts
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == b))
        {
            return Err(invalid("a key must not name the same thing twice"));
        }
        Ok(Self {
            kind,
            per,
            by: parts,
        })
    }

    pub(crate) fn per_minute(calls: NonZeroU64) -> Self {
        Self {
            kind: LimitKind::Calls(calls),
            per: Duration::from_secs(60),
            by: Vec::new(),
        }
    }

    /// The parts of its key that tell calls apart, in a permission of this principal's policy: not those that are the
    /// same for all calls that the limit sees.
    pub(crate) fn key_parts<'r>(
        &'r self,
        principal: &Principal,
        permission: &ToolPermission,
    ) -> impl Iterator<Item = &'r KeyPart> {
        self.by.iter().filter(move |part| match part {
            KeyPart::Agent => !matches!(principal, Principal::Agent(_)),
            KeyPart::User => !matches!(principal, Principal::User(_)),
            KeyPart::Task => !matches!(principal, Principal::Task(_)),
            KeyPart::Tool => !permission.tool_name().is_exact(),
            KeyPart::Session | KeyPart::Param(_) => true,
        })
    }

    /// The parameters that a call must have for this limit.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        let summed = match &self.kind {
            LimitKind::Sum { parameter, .. } => Some(&**parameter),
            LimitKind::Calls(_) => None,
        };
        let keys = self.by.iter().filter_map(|part| match part {
            KeyPart::Param(name) => Some(&**name),
            _ => None,
        });
        summed.into_iter().chain(keys)
    }
}

impl fmt::Display for LimitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LimitKind::Calls(calls) => write!(f, "{calls} calls")?,
            LimitKind::Sum { parameter, at_most } => {
                write!(f, "{at_most} of `{}`", Plain(parameter))?
            }
        }
        write!(f, " in {}", duration_text(self.per))?;
        for (index, part) in self.by.iter().enumerate() {
            f.write_str(if index == 0 { " by " } else { ", " })?;
            write!(f, "{}", Plain(&part.to_text()))?;
        }
        Ok(())
    }
}

impl KeyPart {
    pub(super) fn parse(text: &str) -> Result<Self, LoadError> {
        Ok(match text {
            "agent" => Self::Agent,
            "user" => Self::User,
            "task" => Self::Task,
            "session" => Self::Session,
            "tool" => Self::Tool,
            _ => match text.strip_prefix("param:") {
                Some(name) if !name.is_empty() => Self::Param(name.into()),
                _ => {
                    return Err(invalid(
                        "a key is made of `agent`, `user`, `task`, `session`, `tool` and `param:NAME`",
                    ));
                }
            },
        })
    }

    pub(crate) fn to_text(&self) -> String {
        match self {
            Self::Agent => "agent".to_owned(),
            Self::User => "user".to_owned(),
            Self::Task => "task".to_owned(),
            Self::Session => "session".to_owned(),
            Self::Tool => "tool".to_owned(),
            Self::Param(name) => format!("param:{name}"),
        }
    }
}

fn invalid(message: &str) -> LoadError {
    LoadError::new(LoadErrorKind::Policy, message)
}
